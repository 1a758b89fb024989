"""How one read goes on, or ends, by what the server does. The transport is httpx's own for tests."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from pfa_gitops.model.errors import (
    Conflict,
    Invalid,
    NotFound,
    PlatformError,
    ReaderError,
    Unauthorized,
    Unavailable,
    Unreachable,
)
from pfa_gitops.model.secrets import Sealed
from pfa_gitops.platforms.anyscale import _http
from pfa_gitops.platforms.anyscale._client import AnyscaleClient
from pfa_gitops.platforms.anyscale._target import AnyscaleTarget

TOKEN = "aph0_a-token-that-nobody-may-see"
CLOUD = {"result": {"id": "cld_1", "name": "first"}}


def read(answer: Callable[[httpx.Request], httpx.Response], what: Any = lambda client: client.cloud()) -> Any:
    """Run `what` against a server that answers by `answer`."""
    target = AnyscaleTarget("http://anyscale.example.com", Sealed(TOKEN))

    async def scenario():
        async with AnyscaleClient(target, httpx.MockTransport(answer)) as client:
            return await what(client)

    return asyncio.run(scenario())


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    monkeypatch.setattr(_http, "FIRST_WAIT_SECONDS", 0.001)
    monkeypatch.setattr(_http, "PATIENCE_SECONDS", 1.0)


@pytest.mark.parametrize(
    ("status", "error"),
    [(400, Invalid), (401, Unauthorized), (403, Unauthorized), (404, NotFound), (409, Conflict), (422, Invalid)],
)
def test_a_refusal_is_told_by_its_status_at_once_and_without_the_token(status, error):
    asked = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(status, json={"error": {"detail": f"no, {request.headers['Cookie']}"}})

    with pytest.raises(error) as caught:
        read(answer)
    assert len(asked) == 1
    assert f"answered {status} to GET /ext/v0/clouds/default: no, cli_token=(secret)" in caught.value.message


def test_wrong_credentials_name_the_variable():
    with pytest.raises(Unauthorized) as caught:
        read(lambda request: httpx.Response(401))
    assert "ANYSCALE_CLI_TOKEN" in caught.value.mend


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_what_may_pass_is_tried_again(status):
    answers = [httpx.Response(status), httpx.Response(status), httpx.Response(200, json=CLOUD)]
    assert read(lambda request: answers.pop(0)).name == "first"


def test_a_broken_connection_is_tried_again():
    answers = [httpx.ReadError("broken"), httpx.Response(200, json=CLOUD)]

    def answer(request: httpx.Request) -> httpx.Response:
        if isinstance(found := answers.pop(0), Exception):
            raise found
        return found

    assert read(answer).id == "cld_1"


def test_a_server_that_goes_on_failing_ends_in_time():
    with pytest.raises(Unavailable, match="answered 503"):
        read(lambda request: httpx.Response(503))


def test_retry_after_beyond_the_patience_ends_at_once():
    asked = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(429, headers={"Retry-After": "3600"})

    with pytest.raises(Unavailable):
        read(answer)
    assert len(asked) == 1


def test_nothing_that_listens_is_tried_three_times_and_names_the_host():
    asked = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        raise httpx.ConnectError(f"no connection with {TOKEN}") from OSError(111, "Connection refused")

    with pytest.raises(Unreachable, match=r"http://anyscale\.example\.com: Connection refused$") as caught:
        read(answer)
    assert len(asked) == 3
    assert "ANYSCALE_HOST" in caught.value.mend


@pytest.mark.parametrize(
    "response",
    [
        lambda: httpx.Response(200, text="<html>a proxy</html>"),
        lambda: httpx.Response(200, json=[1]),
        lambda: httpx.Response(200, json={"result": {"id": "cld_1"}}),
        lambda: httpx.Response(200, json={}),
        lambda: httpx.Response(302, headers={"Location": "http://other.example.com"}),
    ],
)
def test_what_is_no_anyscale_is_told_so(response):
    with pytest.raises(Unreachable) as caught:
        read(lambda request: response())
    assert "ANYSCALE_HOST" in caught.value.mend


def test_clouds_are_read_once_though_many_ask_at_the_same_time():
    asked = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(200, json=CLOUD)

    async def many(client: AnyscaleClient):
        return await asyncio.gather(*(client.cloud() for _ in range(20)))

    assert {cloud.id for cloud in read(answer, many)} == {"cld_1"}
    assert len(asked) == 1


def test_a_failed_read_of_a_cloud_is_not_kept():
    answers = [httpx.Response(404), httpx.Response(200, json=CLOUD)]

    async def twice(client: AnyscaleClient):
        with pytest.raises(PlatformError):
            await client.cloud()
        return await client.cloud()

    assert read(lambda request: answers.pop(0), twice).name == "first"


def test_all_pages_are_read_and_a_circle_is_left():
    pages = {None: ("a", "2"), "2": ("b", "3"), "3": ("c", None)}

    def answer(request: httpx.Request) -> httpx.Response:
        name, following = pages[request.url.params.get("paging_token")]
        image = {"id": name, "name": name}
        return httpx.Response(200, json={"results": [image], "metadata": {"next_paging_token": following}})

    async def images(client: AnyscaleClient):
        return [image.name for image in await client.images()]

    assert read(answer, images) == ["a", "b", "c"]
    pages["3"] = ("c", "2")
    with pytest.raises(Unreachable, match="circles"):
        read(answer, images)


@pytest.mark.parametrize("host", ["http://[x", "console.anyscale.com", "http://x:port", "http://x\0"])
def test_a_host_that_is_no_address_is_told(host):
    with pytest.raises(ReaderError, match="the Anyscale host is no http or https address"):
        AnyscaleTarget.from_environment({"ANYSCALE_CLI_TOKEN": TOKEN, "ANYSCALE_HOST": host}, Path("/nowhere"))


def test_the_target_has_no_token_in_its_text():
    target = AnyscaleTarget.from_environment({"ANYSCALE_CLI_TOKEN": TOKEN}, Path("/nowhere"))
    assert TOKEN not in repr(target)
