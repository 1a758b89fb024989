"""How a run is followed, on a transport whose answers come in a certain order."""

import asyncio

import httpx
import pytest

from pfa_gitops.model.flow_runs import State
from pfa_gitops.platforms.prefect import _flow_runs
from pfa_gitops.platforms.prefect._client import PrefectClient
from pfa_gitops.platforms.prefect._target import PrefectTarget


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    monkeypatch.setattr(_flow_runs, "_POLL_S", 0.0)


def line(text, second):
    return {"id": text, "level": 20, "message": text, "timestamp": f"2026-01-01T00:00:{second:02}Z"}


def followed(states, lines):
    """What is told of a run; each question for its state or its lines brings the next answer, the last one for ever."""

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/logs/filter"):
            return httpx.Response(200, json=lines.pop(0) if lines else [])
        kind = states.pop(0) if len(states) > 1 else states[0]
        return httpx.Response(200, json={"state": {"type": kind, "name": kind.capitalize()}})

    async def scenario():
        async with PrefectClient(PrefectTarget("http://any/api"), httpx.MockTransport(answer)) as client:
            events = [event async for event in _flow_runs.follow(client, "run")]
        return [event.type if isinstance(event, State) else event.text for event in events]

    return asyncio.run(scenario())


def test_lines_that_come_after_the_end_are_told():
    told = followed(["RUNNING", "COMPLETED"], [[line("first", 9)], [], [], [line("after the end", 10)]])
    assert told == ["RUNNING", "first", "COMPLETED", "after the end"]


def test_a_line_that_comes_late_is_told_and_none_twice():
    first, late = line("first", 9), line("late", 5)
    assert followed(["COMPLETED"], [[first], [late, first], [late, first]]) == ["COMPLETED", "first", "late"]
