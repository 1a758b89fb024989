"""Work pools as servers of other versions tell them, on a transport that answers as it is told."""

import asyncio

import httpx
import pytest

from pfa_gitops.model.places import Address
from pfa_gitops.model.values import Manifest
from pfa_gitops.platforms.prefect._client import PrefectClient
from pfa_gitops.platforms.prefect._target import PrefectTarget
from pfa_gitops.platforms.prefect.work_pool import KIND

POOL = {"id": "1", "name": "p", "type": "process", "description": None, "is_paused": False, "concurrency_limit": None}
POOL |= {"base_job_template": {}}
STEP = {"a.step": {}}


@pytest.mark.parametrize(
    ("told", "step"),
    [
        ({}, None),
        ({"storage_configuration": None}, None),
        ({"storage_configuration": {"bundle_upload_step": STEP, "of_a_newer_server": 1}}, STEP),
    ],
)
def test_a_storage_configuration_may_be_missing_or_hold_more_than_we_know(told, step):
    spec = KIND.spec(type="process")
    manifest = Manifest(Address("WorkPool", "p"), spec, KIND.key("p", spec))

    async def observed():
        transport = httpx.MockTransport(lambda request: httpx.Response(200, json=[POOL | told]))
        async with PrefectClient(PrefectTarget("http://any/api"), transport) as client:
            return await KIND.observe(client, [manifest])

    [live] = asyncio.run(observed()).lives
    assert live.spec.storage_configuration.bundle_upload_step == step
