"""A service of one's own: that it runs, whose it is, and how a change is rolled out."""

import asyncio
import json
import urllib.request

import pytest
from support.anyscale_bench import at
from support.kind_cases import Workbench

from pfa_gitops.model.values import Action, Result
from pfa_gitops.platforms.anyscale._client import AnyscaleClient
from pfa_gitops.platforms.anyscale.agent import KIND as AGENT
from pfa_gitops.platforms.anyscale.service import KIND

APP = {"name": "api", "import_path": "app:api"}
APPLY = "/api/v2/services-v2/apply"
SOURCE = """
import os
from ray import serve

@serve.deployment
class Api:
    def __init__(self, model):
        self.model = model

    def __call__(self, request):
        return {"model": self.model, "level": os.environ["LEVEL"], "role": os.environ["ROLE"]}

def api(args):
    return Api.bind(args["model"])
"""


async def applied(bench: Workbench, name: str, spec: dict) -> Action:
    manifest = bench.manifest("Service", name, spec)
    plan = await bench.plan([manifest])
    await bench.apply(plan)
    assert (await bench.plan([manifest])).pending == ()
    return plan.changes[0].action


async def failed(bench: Workbench, kind: str, name: str, spec: dict) -> str:
    plan = await bench.plan([bench.manifest(kind, name, spec)])
    [outcome] = await bench.run(plan)
    assert outcome.result is Result.FAILED
    return outcome.problem.message


AGENT_SPEC = {"work_pool": "p", "prefect": {"api_url": "http://127.0.0.1:9/api"}}


def test_an_agent_and_a_service_do_not_take_each_others(quiet, tmp_path):
    async def scenario(client: AnyscaleClient, bench: Workbench):
        agent = bench.manifest("Agent", "an-agent", AGENT_SPEC)
        service = bench.manifest("Service", "a-service", {"applications": [APP]})
        stranger = bench.manifest("Service", "an-agent", {"applications": [APP]})
        waiting = await bench.plan([stranger])
        await bench.apply(await bench.plan([agent]))
        await bench.apply(await bench.plan([service]))
        _, problems = await bench.attempt([stranger])
        assert problems == ["the service an-agent is there and is an agent"]
        _, problems = await bench.attempt([bench.manifest("Agent", "a-service", AGENT_SPEC)])
        assert problems == ["the service a-service is there and is no agent"]
        [outcome] = await bench.run(waiting)
        assert outcome.problem.message == "the service an-agent was made by somebody else meanwhile"
        [status] = await KIND.status(client, [stranger])
        assert status.message == "the service an-agent is there and is an agent"
        [status] = await AGENT.status(client, [agent])
        assert status.message == "RUNNING"

    at(quiet, tmp_path, scenario)


def test_an_update_in_place_keeps_the_version_and_refuses_what_it_cannot_do(quiet, tmp_path):
    spec = {"applications": [APP], "rollout": {"in_place": True}}

    async def scenario(client: AnyscaleClient, bench: Workbench):
        await applied(bench, "placed", spec)
        before = await client.services(await client.cloud(), await client.project(await client.cloud()), "placed")
        changed = spec | {"applications": [APP | {"args": {"a": 1}}]}
        assert await applied(bench, "placed", changed) is Action.UPDATE
        after = await client.services(await client.cloud(), await client.project(await client.cloud()), "placed")
        assert after[0].primary_version.id == before[0].primary_version.id
        message = await failed(bench, "Service", "placed", changed | {"image_uri": "registry.example.com/a:2"})
        assert message == "an update in place cannot change image_uri"

    at(quiet, tmp_path, scenario)


def test_a_canary_holds_at_its_share_and_the_next_change_waits_for_its_end(quiet, tmp_path):
    spec = {"applications": [APP], "rollout": {"canary_percent": 20}}

    async def scenario(client: AnyscaleClient, bench: Workbench):
        await applied(bench, "canary", spec)
        changed = spec | {"applications": [APP | {"args": {"a": 1}}]}
        await applied(bench, "canary", changed)
        [service] = await client.services(await client.cloud(), await client.project(await client.cloud()), "canary")
        assert service.canary_version is not None
        message = await failed(bench, "Service", "canary", spec)
        assert message == "a rollout of the service canary is under way (ROLLING_OUT)"

    at(quiet, tmp_path, scenario)


def test_what_it_does_not_name_stays(quiet, tmp_path):
    async def scenario(client: AnyscaleClient, bench: Workbench):
        files = {"working_dir": "s3://bucket/a.zip", "env_vars": {"A": "b"}, "requirements": ["httpx"]}
        await applied(bench, "partly", {"applications": [APP], "logging_config": {"log_level": "INFO"}, **files})
        later = {"applications": [APP], "logging_config": {"log_level": "DEBUG"}}
        await applied(bench.forgetful, "partly", later)
        [live] = (await KIND.observe(client, [bench.manifest("Service", "partly", later)])).lives
        assert {name: getattr(live.spec, name) for name in files} == files

    at(quiet, tmp_path, scenario)


def asked(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=60) as answer:
        return answer.read()


@pytest.mark.slow
def test_it_answers_queries(emulator, tmp_path):
    (tmp_path / "src").mkdir()
    (tmp_path / "src/app.py").write_text(SOURCE)
    spec = {
        "applications": [APP | {"args": {"model": "small"}, "runtime_env": {"env_vars": {"ROLE": "api"}}}],
        "working_dir": "src",
        "env_vars": {"LEVEL": "info"},
        "query_auth_token_enabled": False,
    }

    async def scenario(client: AnyscaleClient, bench: Workbench):
        await applied(bench, "answers", spec)
        [live] = (await KIND.observe(client, [bench.manifest("Service", "answers", spec)])).lives
        url = emulator.call("GET", f"/api/v2/services-v2/{live.id}")["result"]["base_url"]
        answer = json.loads(await asyncio.to_thread(asked, url))
        assert answer == {"model": "small", "level": "info", "role": "api"}
        await bench.delete(bench.manifest("Service", "answers", spec))

    at(emulator, tmp_path, scenario)
