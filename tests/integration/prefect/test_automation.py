"""Automations on a real server, beyond their fields: what fires, what survives a write, whose they are."""

import time
import uuid
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from support.prefect_bench import Wire, run, settle
from support.prefect_server import TRIGGERS, run_prefect_server

from pfa_gitops.model.values import Action
from pfa_gitops.platforms.prefect.automation import KIND
from pfa_gitops.platforms.prefect.work_queue import KIND as QUEUE

PLACE = {"entrypoint": "a.py:a", "path": "/srv"}
"""A deployment whose code is nowhere: its runs are only planned."""
FIRES_S = 120


@pytest.fixture(scope="module")
def firing_server(tmp_path_factory, prefect_template):
    """A server whose automations fire."""
    with run_prefect_server(tmp_path_factory.mktemp("firing"), prefect_template, {TRIGGERS: "true"}) as server:
        yield server


def automations(server, name: str) -> list[dict]:
    return server.post("/automations/filter", {"automations": {"name": {"any_": [name]}}})


def make(server, name: str, **fields) -> dict:
    return server.post("/automations/", {"name": name, "trigger": {"type": "event", "posture": "Reactive"}} | fields)


def test_an_event_starts_the_deployment_that_the_manifest_names(firing_server):
    kind = f"case.fired.{uuid.uuid4()}"

    async def scenario(bench):
        await settle(bench, "Deployment", "fired", {"flow_name": "automation-fires"} | PLACE)
        trigger = {"type": "event", "expect": [kind], "match": {"prefect.resource.id": "case.*"}}
        actions = [{"type": "run-deployment", "deployment": "automation-fires/fired", "parameters": {"a": 1}}]
        await settle(bench, "Automation", "fires", {"trigger": trigger, "actions": actions})

    run(firing_server, scenario)
    started = {"flows": {"name": {"any_": ["automation-fires"]}}}
    until = time.monotonic() + FIRES_S
    while not (runs := firing_server.post("/flow_runs/filter", started)) and time.monotonic() < until:
        # The server learns of a new automation a moment after it answered: events before that go by.
        event = {"occurred": datetime.now(UTC).isoformat(), "event": kind, "id": str(uuid.uuid4())}
        firing_server.post("/events", [event | {"resource": {"prefect.resource.id": "case.one"}}])
        time.sleep(0.5)
    assert runs[0]["parameters"] == {"a": 1}


def test_switching_it_off_and_on_keeps_what_its_trigger_counted(prefect_server):
    async def scenario(bench):
        spec = {"trigger": {"type": "event", "expect": ["a"]}, "description": "one"}
        await settle(bench, "Automation", "switched", spec)
        [before] = automations(prefect_server, "switched")
        await settle(bench, "Automation", "switched", spec | {"enabled": False})
        [off] = automations(prefect_server, "switched")
        assert off["enabled"] is False
        assert off["trigger"]["id"] == before["trigger"]["id"]
        await settle(bench, "Automation", "switched", spec | {"enabled": False, "description": "two"})
        [after] = automations(prefect_server, "switched")
        assert (after["id"], after["description"], after["enabled"]) == (before["id"], "two", False)

    run(prefect_server, scenario)


def test_what_a_manifest_does_not_name_stays(prefect_server):
    made = make(
        prefect_server,
        "partly ours",
        description="theirs",
        tags=["theirs"],
        trigger={"type": "event", "posture": "Reactive", "threshold": 7, "within": 30, "expect": ["x"]},
        actions=[{"type": "do-nothing"}],
        actions_on_resolve=[{"type": "cancel-flow-run"}],
    )

    async def scenario(bench):
        spec = {"trigger": {"type": "event", "expect": ["y"]}}
        assert await settle(bench, "Automation", "partly ours", spec) is Action.UPDATE

    run(prefect_server, scenario)
    after = prefect_server.get(f"/automations/{made['id']}")
    assert after["trigger"] == made["trigger"] | {"id": after["trigger"]["id"], "expect": ["y"]}
    for field in ("description", "tags", "enabled", "actions", "actions_on_trigger", "actions_on_resolve"):
        assert after[field] == made[field]


def test_an_automation_of_prefect_deploy_is_taken_only_on_purpose(prefect_server):
    async def scenario(bench):
        await settle(bench, "Deployment", "owner", {"flow_name": "automation-owner"} | PLACE)
        deployment = prefect_server.get("/deployments/name/automation-owner/owner")
        make(
            prefect_server,
            "owner__automation_1",  # as `prefect deploy` names it
            actions=[{"type": "run-deployment", "source": "selected", "deployment_id": deployment["id"]}],
            owner_resource=f"prefect.deployment.{deployment['id']}",
        )
        manifest = bench.manifest("Automation", "owner__automation_1", {"trigger": {"type": "event"}})
        _, [problem] = await bench.attempt([replace(manifest, adopt=False)])
        assert problem.startswith("the automation owner__automation_1 belongs to the deployment automation-owner/owner")
        _, problems = await bench.attempt([replace(manifest, adopt=True)])
        assert problems == []

    run(prefect_server, scenario)


def test_a_deployment_that_is_gone_is_told_and_mended(prefect_server):
    spec = {
        "trigger": {"type": "event", "match_related": {"prefect.resource.id": {"deployment": "automation-gone/gone"}}},
        "actions": [{"type": "pause-deployment", "deployment": "automation-gone/gone"}],
    }

    async def scenario(bench):
        await settle(bench, "Deployment", "gone", {"flow_name": "automation-gone"} | PLACE)
        await settle(bench, "Automation", "names one that goes", spec)
        manifest = bench.manifest("Automation", "names one that goes", spec)
        client = bench.clients["prefect"]
        [status] = await KIND.status(client, [manifest])
        assert status.message == "enabled"
        deployment = prefect_server.get("/deployments/name/automation-gone/gone")
        prefect_server.delete(f"/deployments/{deployment['id']}")
        client._forget("")  # this client did not write it away
        [status] = await KIND.status(client, [manifest])
        assert status.message == f"it names a deployment that is gone: {deployment['id']}"
        await settle(bench, "Deployment", "gone", {"flow_name": "automation-gone"} | PLACE)
        assert await settle(bench, "Automation", "names one that goes", spec) is Action.UPDATE
        [status] = await KIND.status(client, [manifest])
        assert status.message == "enabled"

    run(prefect_server, scenario)


def test_a_lost_answer_makes_no_second_one(prefect_server):
    wire = Wire(lose=("POST /automations/", "POST /work_pools/lost answer/queues"))

    async def scenario(bench):
        await settle(bench, "Automation", "lost answer", {"trigger": {"type": "event"}})
        await settle(bench, "WorkPool", "lost answer", {"type": "process"})
        await settle(bench, "WorkQueue", "mine", {"work_pool": "lost answer", "concurrency_limit": 2})

    run(prefect_server, scenario, wire)
    assert len(automations(prefect_server, "lost answer")) == 1
    assert wire.lose.total() == 0


def test_a_pool_that_is_nowhere_is_told(prefect_server):
    async def scenario(bench):
        manifest = bench.manifest("WorkQueue", "mine", {"work_pool": "nowhere at all"})
        _, problems = await bench.attempt([manifest])
        assert problems == ["Prefect has no work pool nowhere at all"]

    run(prefect_server, scenario)


def test_a_queue_tells_what_waits_in_it(prefect_server):
    async def scenario(bench):
        spec = {"work_pool": "waits", "paused": True}
        await settle(bench, "WorkPool", "waits", {"type": "process"})
        await settle(bench, "WorkQueue", "slow", spec)
        place = {"flow_name": "automation-waits", "work_pool": "waits", "work_queue": "slow"}
        await settle(bench, "Deployment", "waits", place | PLACE)
        deployment = prefect_server.get("/deployments/name/automation-waits/waits")
        state = {"type": "SCHEDULED", "state_details": {"scheduled_time": "2099-01-01T00:00:00Z"}}
        prefect_server.post(f"/deployments/{deployment['id']}/create_flow_run", {"state": state})
        there, elsewhere = (bench.manifest("WorkQueue", name, spec) for name in ("slow", "absent"))
        [status, absent] = await QUEUE.status(bench.clients["prefect"], [there, elsewhere])
        assert status.message == "paused, 1 scheduled"
        assert absent.message == "not there yet: run apply"

    run(prefect_server, scenario)
