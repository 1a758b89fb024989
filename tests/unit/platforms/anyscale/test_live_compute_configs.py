"""A live compute config that no spec can say is a problem of its manifest; a platform that fails is none."""

import asyncio

import httpx
import pytest

from pfa_gitops.model.errors import Unauthorized
from pfa_gitops.model.places import Address
from pfa_gitops.model.secrets import Sealed
from pfa_gitops.model.values import Manifest
from pfa_gitops.platforms.anyscale._client import AnyscaleClient
from pfa_gitops.platforms.anyscale._target import AnyscaleTarget
from pfa_gitops.platforms.anyscale.agent import KIND as AGENT
from pfa_gitops.platforms.anyscale.compute_config import KIND as COMPUTE

HEAD = {"instance_type": "m5.large"}
VERSION = {
    "id": "v",
    "build_id": "b",
    "compute_config_id": "t",
    "ray_serve_config": {"applications": [{"import_path": "pfa_gitops.runner.agent_service:app", "args": {}}]},
}
SERVICE = {"id": "s", "name": "x", "project_id": "p", "current_state": "RUNNING", "primary_version": VERSION}
MANIFESTS = {
    COMPUTE: {"head_node": None},
    AGENT: {
        "work_pool": "p",
        "prefect": {"api_url": "http://x/api"},
        "compute_config": {"head_node": None},
    },
}


def observe(kind, head, default):
    """What `kind` sees where the live compute config has such a head node and the default is answered like that."""
    template = {"id": "t", "name": "x", "version": 1, "anonymous": kind is AGENT, "config": {"head_node_type": head}}
    answers = {
        "/ext/v0/clouds/default": {"result": {"id": "c", "name": "c"}},
        "/ext/v0/projects/default_project": {"result": {"id": "p", "name": "p"}},
        "/api/v2/services-v2/": {"results": [SERVICE]},
        "/ext/v0/cluster_environment_builds/b": {
            "result": {"id": "b", "cluster_environment_id": "i", "revision": 1, "status": "succeeded"}
        },
        "/api/v2/compute_templates/search": {"results": [template]},
        "/api/v2/compute_templates/t": {"result": template},
        "/ext/v0/cluster_environments/i": {"result": {"id": "i", "name": "i"}},
    }

    def answer(request: httpx.Request) -> httpx.Response:
        found = answers.get(request.url.path)
        return httpx.Response(200, json=found) if found else default

    spec = kind.spec.model_validate(MANIFESTS[kind])
    manifest = Manifest(Address(kind.name, "x"), spec, kind.key("x", spec))

    async def scenario():
        target = AnyscaleTarget("http://anyscale.example.com", Sealed("t"))
        async with AnyscaleClient(target, httpx.MockTransport(answer)) as client:
            return await kind.observe(client, [manifest])

    return asyncio.run(scenario())


@pytest.mark.parametrize("kind", MANIFESTS, ids=lambda kind: kind.name)
def test_what_no_spec_can_say_is_a_problem_of_the_manifest(kind):
    seen = observe(kind, {**HEAD, "labels": ["newer"]}, httpx.Response(403))
    assert [problem.message for problem in seen.problems] == [
        "the compute config x:1 cannot be read: head_node.labels: Input should be a valid dictionary"
    ]
    assert seen.lives == []


@pytest.mark.parametrize("kind", MANIFESTS, ids=lambda kind: kind.name)
def test_a_refusal_stays_a_refusal(kind):
    with pytest.raises(Unauthorized):
        observe(kind, HEAD, httpx.Response(403))
