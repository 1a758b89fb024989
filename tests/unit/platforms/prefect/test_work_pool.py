"""Work pools as servers of other versions tell them, on a transport that answers as it is told."""

import httpx
import pytest
from support.prefect_transport import run

from pfa_gitops.model.places import Address
from pfa_gitops.model.values import Manifest
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

    def answer(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json=[POOL | told])

    [live] = run(answer, lambda client: KIND.observe(client, [manifest])).lives
    assert live.spec.storage_configuration.bundle_upload_step == step
