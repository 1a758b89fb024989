"""What a failed service is said to have failed of. The answers are Anyscale's, in its words."""

import asyncio
from typing import Any

import httpx
import pytest

from pfa_gitops.model.places import Address
from pfa_gitops.model.secrets import Sealed
from pfa_gitops.model.values import Manifest
from pfa_gitops.platforms.anyscale._client import AnyscaleClient
from pfa_gitops.platforms.anyscale._target import AnyscaleTarget
from pfa_gitops.platforms.anyscale.agent import KIND
from pfa_gitops.platforms.base import Readiness, State

TRACEBACK = """Deploying failed: Traceback (most recent call last):
  File "serve.py", line 1, in build
    raise SecretMissing("PREFECT_API_KEY is not set")
SecretMissing: PREFECT_API_KEY is not set

"""


def readiness(service: dict[str, Any]) -> Readiness:
    """Ask for the readiness of an agent whose service Anyscale answers with."""

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/api/v2/services-v2/":
            found = {"id": "s", "name": "a", "project_id": "p", **service}
            return httpx.Response(200, json={"results": [found]})
        return httpx.Response(200, json={"result": {"id": "x", "name": "x"}})

    async def ask() -> Readiness:
        target = AnyscaleTarget("http://anyscale.example.com", Sealed("t"))
        async with AnyscaleClient(target, httpx.MockTransport(answer)) as client:
            spec = KIND.spec.model_validate({"work_pool": "p", "prefect": {"api_url": "http://x/api"}})
            return await KIND.readiness(client, Manifest(Address("Agent", "a"), spec, KIND.key("a", spec)))

    return asyncio.run(ask())


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (TRACEBACK, "SecretMissing: PREFECT_API_KEY is not set (see its page in Anyscale's console for the rest)"),
        ("no quota", "no quota"),
        (None, "see its page in Anyscale's console"),
    ],
)
def test_a_failed_service_tells_the_last_line_of_its_error_and_where_the_rest_is(error, told):
    failed = readiness({"current_state": "SYSTEM_FAILURE", "error_message": error})
    assert failed == Readiness(State.FAILED, f"the service is in SYSTEM_FAILURE: {told}")


@pytest.mark.parametrize(
    ("newest", "state"), [("UPDATING", State.PROGRESSING), ("UNHEALTHY", State.FAILED), (None, State.FAILED)]
)
def test_an_unhealthy_service_may_be_on_its_way_to_a_better_version(newest, state):
    version = {"id": "v", "version": "2", "build_id": "b", "compute_config_id": "c", "ray_serve_config": {}}
    primary = {"primary_version": {**version, "current_state": newest}} if newest else {}
    assert readiness({"current_state": "UNHEALTHY", **primary}).state is state
