"""What the client remembers, and how kinds ask it for many things, on a transport that answers as it is told."""

import asyncio

import httpx
import pytest
from support.prefect_transport import run

from pfa_gitops.model.errors import Invalid, NotFound
from pfa_gitops.model.places import Address
from pfa_gitops.model.values import Manifest
from pfa_gitops.platforms.prefect import _flow_runs
from pfa_gitops.platforms.prefect._client import MOST_NAMES, any_of
from pfa_gitops.platforms.prefect._deployment_names import find_deployment
from pfa_gitops.platforms.prefect.variable import KIND as VARIABLE


class Answers:
    """Gives the answers in their order, the last one for ever."""

    def __init__(self, *answers: tuple[int, object]) -> None:
        self.answers, self.asked = answers, []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        status, body = self.answers[min(len(self.asked), len(self.answers) - 1)]
        self.asked.append((request.method, request.url.raw_path.decode()))
        return httpx.Response(status, json=body)


REFUSED = (422, {"detail": "no"})


def test_a_listing_that_failed_is_asked_for_again():
    answers = Answers(REFUSED, (200, [{"id": "1"}]))

    async def scenario(client):
        first = await asyncio.gather(client.listing("/x/filter"), client.listing("/x/filter"), return_exceptions=True)
        return first, await client.listing("/x/filter"), await client.listing("/x/filter")

    first, *others = run(answers, scenario)
    assert [type(error) for error in first] == [Invalid, Invalid]
    assert others == [[{"id": "1"}]] * 2
    assert len(answers.asked) == 2


def test_what_many_share_is_asked_once_and_again_after_a_failed_write():
    answers = Answers((200, {"id": "1"}), REFUSED, (200, {"id": "2"}))

    async def scenario(client):
        async def flow():
            return (await client.once("flow", lambda: client.post_twice("/flows/", {})))["id"]

        before = [await flow(), *await asyncio.gather(flow(), flow())]
        with pytest.raises(Invalid):
            await client.post("/deployments/", {})
        return before, await flow()

    assert run(answers, scenario) == (["1", "1", "1"], "2")


def test_what_is_gone_is_removed():
    answers = Answers((404, {"detail": "gone"}))
    run(answers, lambda client: client.remove("/x/1"))
    assert answers.asked == [("DELETE", "/api/x/1")]


def test_a_deployment_is_found_by_names_that_a_url_cannot_hold():
    answers = Answers((200, {"id": "1"}))
    assert run(answers, lambda client: find_deployment(client, "my flow?/d#1")) == {"id": "1"}
    assert answers.asked == [("GET", "/api/deployments/name/my%20flow%3F/d%231")]


def test_a_deployment_that_is_not_there_starts_no_run():
    missing = Answers((404, {"detail": "no"}))
    with pytest.raises(NotFound, match="no deployment flow/gone"):
        run(missing, lambda client: _flow_runs.start(client, "flow/gone", {}, {}))


def test_a_filter_takes_only_so_many_names():
    assert any_of(["b", "a", "b"]) == {"any_": ["a", "b"]}
    assert any_of(str(number) for number in range(MOST_NAMES + 1)) == {"any_": None}


def test_with_many_names_what_is_not_ours_is_left_out():
    wanted = []
    for number in range(MOST_NAMES + 1):
        spec = VARIABLE.spec(value=1)
        wanted.append(Manifest(Address("Variable", f"v{number}"), spec, VARIABLE.key(f"v{number}", spec)))
    found = [{"id": name, "name": name, "value": 1, "tags": []} for name in ("v7", "theirs")]
    observed = run(Answers((200, found)), lambda client: VARIABLE.observe(client, wanted))
    assert [live.key.name for live in observed.lives] == ["v7"]
