"""How a run is followed, on a transport whose answers come in a certain order."""

import asyncio

import httpx
import pytest

from pfa_gitops.model.errors import NotFound, Unavailable
from pfa_gitops.model.flow_runs import State
from pfa_gitops.platforms.prefect import _follow_run
from pfa_gitops.platforms.prefect._client import PrefectClient
from pfa_gitops.platforms.prefect._target import PrefectTarget


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    monkeypatch.setattr(_follow_run, "_POLL_S", 0.0)


def line(text, second):
    return {"id": text, "level": 20, "message": text, "timestamp": f"2026-01-01T00:00:{second:02}Z"}


def run_in(kind):
    """The answer that tells of a run in this state."""
    state = {"id": kind, "type": kind, "name": kind.capitalize(), "message": None}
    return httpx.Response(200, json={"state": state, "state_type": kind})


def followed(states, lines):
    """What is told of a run; each question for its state or its lines brings the next answer, the last one for ever."""

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/logs/filter"):
            return httpx.Response(200, json=lines.pop(0) if lines else [])
        if request.url.path.endswith("/flow_run_states/"):
            return httpx.Response(200, json=[])
        return run_in(states.pop(0) if len(states) > 1 else states[0])

    return told(answer)


def told(answer):
    """The states and texts of a run about which a transport answers."""

    async def scenario():
        target, transport = PrefectTarget("http://any/api"), httpx.MockTransport(answer)
        async with PrefectClient(target, transport, patience_s=0.0) as client:
            events = [event async for event in _follow_run.follow(client, "run")]
        return [event.type if isinstance(event, State) else event.text for event in events]

    return asyncio.run(scenario())


def test_lines_that_come_after_the_end_are_told():
    seen = followed(["RUNNING", "RUNNING", "COMPLETED"], [[line("first", 9)], [], [], [line("after the end", 10)]])
    assert seen == ["RUNNING", "first", "COMPLETED", "after the end"]


def test_a_line_that_comes_late_is_told_and_none_twice():
    first, late = line("first", 9), line("late", 5)
    assert followed(["COMPLETED"], [[first], [late, first], [late, first]]) == ["COMPLETED", "first", "late"]


def test_lines_of_a_machine_whose_clock_is_behind_are_told_in_the_end():
    """The questions go back 30 s from the newest line, but the last one goes back to the beginning."""
    first, behind = line("first", 9), line("behind", 9) | {"timestamp": "2025-12-31T23:00:00Z"}
    asked = []

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/flow_run_states/"):
            return httpx.Response(200, json=[])
        if not request.url.path.endswith("/logs/filter"):
            return run_in("COMPLETED")
        asked.append(request)
        came_later = len(asked) > 1 and b"after_" not in request.content
        return httpx.Response(200, json=[behind, first] if came_later else [first])

    assert told(answer) == ["COMPLETED", "first", "behind"]


def test_a_run_that_ends_between_two_questions_is_told_as_ended():
    """It runs; the list of its states says that it completed meanwhile, with the time of a clock that is behind."""
    kinds = ["RUNNING", "COMPLETED"]

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/logs/filter"):
            return httpx.Response(200, json=[])
        if request.url.path.endswith("/flow_run_states/"):
            states = [run_in(kind).json()["state"] for kind in ("COMPLETED", "PENDING", "RUNNING")]
            return httpx.Response(200, json=states)
        return run_in(kinds.pop(0) if len(kinds) > 1 else kinds[0])

    assert told(answer) == ["PENDING", "RUNNING", "COMPLETED"]


def test_a_run_is_followed_again_when_prefect_is_back():
    states = iter(["RUNNING", "RUNNING", None, None, "COMPLETED", "COMPLETED"])

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith(("/logs/filter", "/flow_run_states/")):
            return httpx.Response(200, json=[])
        return httpx.Response(503) if (kind := next(states)) is None else run_in(kind)

    assert [text.partition(" ")[0] for text in told(answer)] == ["RUNNING", "Prefect", "Prefect", "COMPLETED"]


def test_an_outage_that_does_not_end_is_told_as_what_it_is(monkeypatch):
    monkeypatch.setattr(_follow_run, "_LONGEST_OUTAGE_S", 0.0)
    with pytest.raises(Unavailable):
        told(lambda _: httpx.Response(503))


def test_a_run_that_was_deleted_is_told_as_gone():
    def answer(request: httpx.Request) -> httpx.Response:
        lines = request.url.path.endswith("/logs/filter")
        return httpx.Response(200, json=[]) if lines else httpx.Response(404)

    with pytest.raises(NotFound, match="somebody deleted it"):
        told(answer)
