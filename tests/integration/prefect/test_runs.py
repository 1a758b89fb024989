"""What becomes of flow runs when deployments, pools and queues are written: nothing is lost in silence or doubled."""

import asyncio
import itertools
import sqlite3
from collections import Counter
from collections.abc import Mapping
from contextlib import closing, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from support.prefect_bench import run

from pfa_gitops.engine.impact import with_impact
from pfa_gitops.model.errors import Conflict
from pfa_gitops.model.impact import counted
from pfa_gitops.model.values import Action, Change, Reference
from pfa_gitops.platforms.registry import kinds

NUMBERS = itertools.count()
DAILY = {"slug": "daily", "cron": "0 3 * * *"}
NOON = {"slug": "noon", "cron": "0 12 * * *"}
YESTERDAY = (datetime.now(UTC) - timedelta(days=1)).date()


class Stage:
    """A deployment in a pool of its own, and its runs."""

    def __init__(self, server, bench) -> None:
        self.server, self.bench = server, bench
        self.pool = f"runs-{next(NUMBERS)}"
        self.spec = {"flow_name": self.pool, "entrypoint": "a.py:f", "path": "/a", "work_pool": self.pool}
        server.post("/work_pools/", {"name": self.pool, "type": "process"})

    async def apply(self, **fields) -> Change:
        """Apply the deployment with these fields; what was planned, and what it affects."""
        return await self.write("Deployment", "nightly", self.spec | fields)

    async def write(self, kind: str, name: str, spec: Mapping) -> Change:
        plan = await self.bench.plan([self.bench.manifest(kind, name, spec)])
        plan = await with_impact(plan, kinds(), self.bench.clients)
        await self.bench.apply(plan)
        return plan.changes[0]

    @property
    def deployment(self) -> dict:
        return self.server.get(f"/deployments/name/{self.pool}/nightly")

    def late(self, hour: int) -> datetime:
        """Have a schedule's run of yesterday be there still."""
        slot = datetime(YESTERDAY.year, YESTERDAY.month, YESTERDAY.day, hour, tzinfo=UTC)
        body = {"start_time": slot.isoformat(), "end_time": slot.isoformat(), "min_runs": 1, "max_runs": 1}
        self.server.post(f"/deployments/{self.deployment['id']}/schedule", body)
        return slot

    def start(self, state: str = "SCHEDULED", **fields) -> str:
        """Make a run by hand; its id."""
        made = self.server.post(f"/deployments/{self.deployment['id']}/create_flow_run", {"name": state, **fields})
        if state != "SCHEDULED":
            self.server.post(f"/flow_runs/{made['id']}/set_state", {"state": {"type": state}, "force": True})
        return made["id"]

    def runs(self, **flow_runs) -> list[dict]:
        flows = {"name": {"any_": [self.pool]}}
        return self.server.post("/flow_runs/filter", {"flows": flows, "flow_runs": flow_runs, "limit": 200})

    def waiting(self) -> list[dict]:
        return self.runs(state={"type": {"any_": ["SCHEDULED"]}})


@pytest.fixture
def staged(prefect_server):
    """Run a scenario that gets a stage."""

    def go(scenario):
        return run(prefect_server, lambda bench: scenario(Stage(prefect_server, bench)))

    return go


def when(run: Mapping) -> datetime:
    return datetime.fromisoformat(run["expected_start_time"])


def impact(change: Change) -> dict:
    return {
        str(effect): {str(state): number for state, number in states.items()}
        for effect, states in counted(change.impact).items()
    }


def test_no_slot_is_lost_to_a_write_and_none_has_two_runs(staged):
    """Runs each second: some are due while the deployment is written."""

    async def scenario(stage):
        await stage.apply(schedules=[{"slug": "often", "interval": 1}])
        [schedule] = stage.deployment["schedules"]
        stage.server.post(f"/deployments/{stage.deployment['id']}/schedule", {"max_runs": 100})
        begin = min(map(when, stage.runs()))
        for number in range(6):
            change = await stage.apply(schedules=[{"slug": "often", "interval": 1}], description=str(number))
            assert (change.action, change.impact) == (Action.UPDATE, ())
            await asyncio.sleep(0.3)  # so that slots fall into writes and between them
        assert [found["id"] for found in stage.deployment["schedules"]] == [schedule["id"]]
        slots = Counter(map(when, stage.runs()))
        until = datetime.now(UTC) + timedelta(seconds=5)
        wanted = [begin + timedelta(seconds=number) for number in range(int((until - begin).total_seconds()))]
        assert {slot: slots[slot] for slot in wanted} == dict.fromkeys(wanted, 1)
        await stage.apply(paused=True, schedules=[{"slug": "often", "interval": 1}])

    staged(scenario)


def test_a_schedule_that_goes_takes_along_its_own_runs_only(staged):
    async def scenario(stage):
        await stage.apply(schedules=[DAILY, NOON])
        stage.server.post(f"/deployments/{stage.deployment['id']}/schedule", {})
        kept, gone = stage.late(3), stage.late(12)
        assert {kept, gone} <= set(map(when, stage.waiting()))
        change = await stage.apply(schedules=[DAILY])
        assert impact(change) == {"dropped": {"scheduled": 3, "late": 1}} or impact(change) == {
            "dropped": {"scheduled": 4}  # the server has not marked it late yet
        }
        slots = Counter(map(when, stage.waiting()))
        assert slots.keys() == {kept, *(slot for slot in slots if slot.hour == 3)}
        assert set(slots.values()) == {1}
        assert len(slots) == 4

    staged(scenario)


@pytest.mark.parametrize(
    ("fields", "effect"),
    [
        ({"schedules": [DAILY | {"active": False}]}, "dropped"),
        ({"schedules": [DAILY], "paused": True}, "dropped"),
        ({"schedules": [DAILY | {"cron": "0 4 * * *"}]}, "moved"),
        ({"schedules": [DAILY], "description": "another"}, None),
        ({"schedules": [DAILY | {"parameters": {"a": 1}}]}, None),
    ],
)
def test_a_plan_tells_what_becomes_of_runs_to_come(staged, fields, effect):
    async def scenario(stage):
        await stage.apply(schedules=[DAILY])
        stage.server.post(f"/deployments/{stage.deployment['id']}/schedule", {})
        late = stage.late(3)
        change = await stage.apply(**fields)
        assert impact(change) == ({effect: {"scheduled": 3}} if effect else {})
        slots = set(map(when, stage.waiting()))
        assert late in slots, "what is late stays"
        assert len(slots) == (1 if effect == "dropped" else 4)

    staged(scenario)


def test_a_deployment_that_goes_says_so_to_what_waits(staged):
    async def scenario(stage):
        await stage.apply(schedules=[DAILY])
        stage.server.post(f"/deployments/{stage.deployment['id']}/schedule", {})
        asked, pending, running = stage.start(), stage.start("PENDING"), stage.start("RUNNING")
        manifest = stage.bench.manifest("Deployment", "nightly", stage.spec | {"schedules": [DAILY]})
        [change] = (await stage.bench.plan([manifest])).changes
        affected = await kinds()["Deployment"].impact(
            stage.bench.clients["prefect"],
            [Change(change.address, Action.DELETE, live=change.live)],
        )
        told = impact(Change(change.address, Action.DELETE, impact=tuple(affected[change.address])))
        assert told == {"dropped": {"scheduled": 4, "pending": 1}, "orphaned": {"running": 1}}
        await kinds()["Deployment"].delete(stage.bench.clients["prefect"], change.live)
        found = {run["id"]: run for run in stage.runs()}
        assert found.keys() == {asked, pending, running}
        assert {found[one]["state_type"] for one in (asked, pending)} <= {"CANCELLED", "CANCELLING"}
        assert found[asked]["state"]["message"] == f"pfa-gitops: the deployment {stage.pool}/nightly was deleted"
        assert found[running]["state_type"] == "RUNNING"

    staged(scenario)


def test_runs_that_wait_go_along_to_another_pool(staged):
    async def scenario(stage):
        other = f"{stage.pool}-other"
        stage.server.post("/work_pools/", {"name": other, "type": "process"})
        await stage.apply(schedules=[DAILY])
        asked, late = stage.start(parameters={"a": 1}, tags=["by-hand"]), stage.late(3)
        change = await stage.apply(schedules=[DAILY], work_pool=other)
        assert sum(impact(change)["moved"].values()) >= 2
        waiting = stage.waiting()
        assert {run["work_pool_name"] for run in waiting} == {other}
        assert set(Counter(map(when, waiting)).values()) == {1}
        assert late in map(when, waiting)
        [copy] = [run for run in waiting if "by-hand" in run["tags"]]
        assert (copy["name"], copy["parameters"]) == ("SCHEDULED", {"a": 1})
        [former] = stage.runs(id={"any_": [asked]})
        assert former["state_type"] == "CANCELLED"
        assert copy["id"] in former["state"]["message"]

    staged(scenario)


def test_runs_that_wait_go_along_to_a_pool_that_is_made_anew(staged):
    async def scenario(stage):
        await stage.apply(schedules=[DAILY])
        asked, late = stage.start(), stage.late(3)
        change = await stage.write("WorkPool", stage.pool, {"type": "docker"})
        assert (change.action, sum(impact(change)["moved"].values())) == (Action.REPLACE, 2)
        waiting = stage.waiting()
        assert asked not in {run["id"] for run in waiting}
        assert {run["work_pool_name"] for run in waiting} == {stage.pool}
        assert late in map(when, waiting)
        assert set(Counter(map(when, waiting)).values()) == {1}

    staged(scenario)


def test_a_run_that_came_while_there_was_no_pool_for_it_is_put_into_it(staged):
    async def scenario(stage):
        await stage.apply()
        found = stage.deployment
        stray = {"flow_id": found["flow_id"], "deployment_id": found["id"], "name": "stray"}
        made = stage.server.post("/flow_runs/", stray | {"state": {"type": "SCHEDULED"}})
        assert made["work_queue_id"] is None
        client, kind = stage.bench.clients["prefect"], kinds()["WorkPool"]
        manifest = stage.bench.manifest("WorkPool", stage.pool, {"type": "process"})
        await kind.afterwards(client, Change(manifest.address, Action.REPLACE, desired=manifest))
        [moved] = stage.waiting()
        assert (moved["name"], moved["work_pool_name"]) == ("stray", stage.pool)
        assert moved["id"] != made["id"]

    staged(scenario)


def test_what_the_scheduler_made_while_there_was_no_pool_is_made_again_in_the_new_one(staged):
    async def scenario(stage):
        await stage.apply(schedules=[DAILY])
        stage.server.post(f"/deployments/{stage.deployment['id']}/schedule", {})
        slots = set(map(when, stage.waiting()))
        with closing(sqlite3.connect(stage.server.home / "prefect.db", timeout=60)) as database, database:
            made = "UPDATE flow_run SET work_queue_id = NULL WHERE deployment_id = ?"  # no request makes such runs
            assert database.execute(made, [stage.deployment["id"]]).rowcount == len(slots) > 0
        client, kind = stage.bench.clients["prefect"], kinds()["WorkPool"]
        manifest = stage.bench.manifest("WorkPool", stage.pool, {"type": "process"})
        await kind.afterwards(client, Change(manifest.address, Action.REPLACE, desired=manifest))
        assert {run["work_pool_name"] for run in stage.waiting()} == {stage.pool}
        assert set(map(when, stage.waiting())) == slots

    staged(scenario)


def test_runs_in_a_pool_that_goes_are_cancelled_and_say_why(staged):
    async def scenario(stage):
        await stage.apply()
        asked, running = stage.start(), stage.start("RUNNING")
        manifest = stage.bench.manifest("WorkPool", stage.pool, {"type": "process"})
        [change] = (await stage.bench.plan([manifest])).changes
        client, kind = stage.bench.clients["prefect"], kinds()["WorkPool"]
        affected = await kind.impact(client, [Change(change.address, Action.DELETE, live=change.live)])
        told = impact(Change(change.address, Action.DELETE, impact=tuple(affected[change.address])))
        assert told == {"dropped": {"scheduled": 1}, "orphaned": {"running": 1}}
        await kind.delete(client, change.live)
        found = {run["id"]: run for run in stage.runs()}
        assert found[asked]["state"]["message"] == f"pfa-gitops: the pool {stage.pool} was deleted"
        assert found[running]["state_type"] == "RUNNING"

    staged(scenario)


def test_runs_of_a_queue_that_goes_follow_their_deployment(staged):
    async def scenario(stage):
        pool = {"type": "process", "queues": [{"name": "old"}, {"name": "new"}]}
        await stage.write("WorkPool", stage.pool, pool)
        await stage.apply(work_queue="old")
        asked = stage.start()
        await stage.apply(work_queue="new")
        [moved] = stage.waiting()
        assert moved["id"] != asked
        assert moved["work_queue_name"] == "new"
        left = stage.start(work_queue_name="old")
        change = await stage.write("WorkPool", stage.pool, {"type": "process", "queues": [{"name": "new"}]})
        assert impact(change) == {"dropped": {"scheduled": 1}}
        assert {run["work_queue_name"] for run in stage.waiting()} == {"new"}
        assert left not in {run["id"] for run in stage.waiting()}

    staged(scenario)


def test_a_deployment_of_another_name_takes_over_what_waits_and_no_slot_twice(staged):
    async def scenario(stage):
        often = [{"slug": "often", "interval": 1}]
        await stage.apply(schedules=often)
        stage.server.post(f"/deployments/{stage.deployment['id']}/schedule", {"max_runs": 100})
        begin = min(map(when, stage.runs()))
        asked, pending = stage.start(), stage.start("PENDING")
        spec = stage.spec | {"schedules": often}
        former, renamed = (stage.bench.manifest("Deployment", name, spec) for name in ("nightly", "renamed"))
        [change] = (await stage.bench.plan([former])).changes
        change = Change(renamed.address, Action.REPLACE, desired=renamed, live=change.live)
        client, kind = stage.bench.clients["prefect"], kinds()["Deployment"]
        affected = await kind.impact(client, [change])
        assert {run.id for run in affected[change.address] if run.effect == "moved"} >= {asked, pending}
        await kind.succeed(client, change, lambda wanted: kind.create(client, wanted, {}))
        [left] = stage.server.post("/deployments/filter", {"flows": {"name": {"any_": [stage.pool]}}})
        assert left["name"] == "renamed"
        alive = [run for run in stage.runs() if run["state_type"] not in {"CANCELLED", "CANCELLING"}]
        assert {run["deployment_id"] for run in alive} == {left["id"]}
        by_hand = {"SCHEDULED", "PENDING"}
        assert sorted(run["name"] for run in alive if run["name"] in by_hand) == ["PENDING", "SCHEDULED"]
        slots = Counter(when(run) for run in alive if run["name"] not in by_hand)
        until = datetime.now(UTC) + timedelta(seconds=5)
        wanted = [begin + timedelta(seconds=number) for number in range(int((until - begin).total_seconds()))]
        assert {slot: slots[slot] for slot in wanted} == dict.fromkeys(wanted, 1)
        await kind.delete(client, (await kind.observe(client, [renamed])).lives[0])

    staged(scenario)


@pytest.mark.parametrize("by_people", [True, False])
def test_only_what_people_paused_stays_paused_under_its_new_name(staged, by_people):
    """Also where an apply was killed right after it had paused the old one."""

    async def scenario(stage):
        await stage.apply(schedules=[DAILY])
        if by_people:
            stage.server.patch(f"/deployments/{stage.deployment['id']}", {"paused": True})
        client, kind = stage.bench.clients["prefect"], kinds()["Deployment"]
        spec = stage.spec | {"schedules": [DAILY]}
        former, renamed = (stage.bench.manifest("Deployment", name, spec) for name in ("nightly", "renamed"))

        async def killed(wanted):
            raise KeyboardInterrupt

        async def create(wanted):
            return await kind.create(client, wanted, {})

        for step in (killed, create):
            [live] = (await kind.observe(client, [former])).lives
            change = Change(renamed.address, Action.REPLACE, desired=renamed, live=live)
            with suppress(KeyboardInterrupt):
                await kind.succeed(client, change, step)
        [left] = (await kind.observe(client, [renamed])).lives
        assert left.spec.paused is by_people
        assert left.spec.tags == []
        await kind.delete(client, left)

    staged(scenario)


def test_a_pool_of_another_name_takes_over_deployments_and_what_waits(staged):
    async def scenario(stage):
        stage.server.post(f"/work_pools/{stage.pool}/queues", {"name": "by-hand", "concurrency_limit": 2})
        await stage.apply(work_queue="by-hand")
        asked = stage.start()
        client, kind = stage.bench.clients["prefect"], kinds()["WorkPool"]
        former = stage.bench.manifest("WorkPool", stage.pool, {"type": "process"})
        renamed = stage.bench.manifest("WorkPool", f"{stage.pool}-new", {"type": "process"})
        [live] = (await kind.observe(client, [former])).lives
        change = Change(renamed.address, Action.REPLACE, desired=renamed, live=live)
        affected = await kind.impact(client, [change])
        assert [(run.id, run.effect) for run in affected[change.address]] == [(asked, "moved")]
        await kind.succeed(client, change, lambda wanted: kind.create(client, wanted, {}))
        found, expected = stage.deployment, (renamed.key.name, "by-hand")
        assert (found["work_pool_name"], found["work_queue_name"]) == expected
        [moved] = stage.waiting()
        assert (moved["work_pool_name"], moved["work_queue_name"]) == expected
        queues = stage.server.post(f"/work_pools/{renamed.key.name}/queues/filter")
        assert {queue["name"]: queue["concurrency_limit"] for queue in queues} == {"default": None, "by-hand": 2}
        assert not (await kind.observe(client, [former])).lives

    staged(scenario)


def test_a_queue_that_goes_as_its_deployment_moves_takes_no_run_along(staged):
    async def scenario(stage):
        def manifests(*queues, of_deployment):
            pool = {"type": "process", "queues": [{"name": queue} for queue in queues]}
            deployment = stage.bench.manifest("Deployment", "nightly", stage.spec | {"work_queue": of_deployment})
            pool = stage.bench.manifest("WorkPool", stage.pool, pool)
            return [pool, replace(deployment, references=(Reference(("work_pool",), pool.address),))]

        await stage.bench.apply(await stage.bench.plan(manifests("old", of_deployment="old")))
        asked = stage.start()
        await stage.bench.apply(await stage.bench.plan(manifests("new", of_deployment="new")))
        [moved] = stage.waiting()
        assert (moved["name"], moved["work_queue_name"]) == ("SCHEDULED", "new")
        assert moved["id"] != asked

    staged(scenario)


def test_what_people_set_at_a_deployment_is_there_under_its_new_name(staged):
    """Most of all a schedule that they switched off: it starts no runs."""

    async def scenario(stage):
        spec = {name: stage.spec[name] for name in ("flow_name", "work_pool")} | {"schedules": [DAILY, NOON]}
        former, renamed = (stage.bench.manifest("Deployment", name, spec) for name in ("nightly", "renamed"))
        await stage.bench.apply(await stage.bench.plan([former]))
        there = f"/deployments/{stage.deployment['id']}"
        off = next(one for one in stage.deployment["schedules"] if one["slug"] == "noon")
        stage.server.patch(f"{there}/schedules/{off['id']}", {"active": False})
        by_hand = {"path": "/srv/code", "version": "v7", "description": "d", "enforce_parameter_schema": False}
        stage.server.patch(
            there, by_hand | {"job_variables": {"env": {"A": "1"}}, "concurrency_limit": 2, "tags": ["t"]}
        )
        client, kind = stage.bench.clients["prefect"], kinds()["Deployment"]
        [live] = (await kind.observe(client, [former])).lives
        change = Change(renamed.address, Action.REPLACE, desired=renamed, live=live)
        await kind.succeed(client, change, lambda wanted: kind.create(client, wanted, {}))
        [left] = (await kind.observe(client, [renamed])).lives
        assert {name: getattr(left.spec, name) for name in by_hand} == by_hand
        assert (left.spec.job_variables, left.spec.tags) == ({"env": {"A": "1"}}, ["t"])
        assert left.spec.concurrency_limit.limit == 2
        assert {one.slug: one.active for one in left.spec.schedules} == {"daily": True, "noon": False}
        assert not [run for run in stage.waiting() if when(run).hour == 12]
        await kind.delete(client, left)

    staged(scenario)


def test_a_queue_that_the_new_pool_has_not_strands_nobody(staged):
    async def scenario(stage):
        pool = {"type": "process", "queues": [{"name": "gone"}]}
        await stage.write("WorkPool", stage.pool, pool)
        await stage.apply(work_queue="gone", schedules=[DAILY])
        asked = stage.start()
        manifest = stage.bench.manifest("WorkPool", stage.pool, {"type": "docker", "queues": []})
        manifest = replace(manifest, applied={"queues": [{"name": "gone"}], "type": "process"})
        await stage.bench.apply(await stage.bench.plan([manifest]))
        found = stage.deployment
        assert found["work_pool_name"] == stage.pool
        assert {run["work_pool_name"] for run in stage.waiting()} == {stage.pool}
        assert asked not in {run["id"] for run in stage.waiting()}

    staged(scenario)


def test_a_deployment_whose_successor_is_refused_goes_on(staged):
    async def scenario(stage):
        await stage.apply(schedules=[DAILY], tags=["t"])
        client, kind = stage.bench.clients["prefect"], kinds()["Deployment"]
        renamed = stage.bench.manifest("Deployment", "renamed", stage.spec | {"schedules": [DAILY]})
        former = stage.bench.manifest("Deployment", "nightly", stage.spec | {"schedules": [DAILY], "tags": ["t"]})
        [live] = (await kind.observe(client, [former])).lives

        async def refused(wanted):
            raise Conflict("no")

        with pytest.raises(Conflict):
            await kind.succeed(client, Change(renamed.address, Action.REPLACE, desired=renamed, live=live), refused)
        assert (stage.deployment["paused"], stage.deployment["tags"]) == (False, ["t"])
        assert len(stage.waiting()) == 3

    staged(scenario)


def test_a_deployment_whose_successor_is_there_and_is_refused_a_write_does_not_run_beside_it(staged):
    async def scenario(stage):
        await stage.apply(schedules=[DAILY])
        client, kind = stage.bench.clients["prefect"], kinds()["Deployment"]
        former, renamed = (stage.bench.manifest("Deployment", name, stage.spec) for name in ("nightly", "renamed"))
        [live] = (await kind.observe(client, [former])).lives

        async def made_and_refused(wanted):
            await kind.create(client, wanted, {})
            raise Conflict("no")

        change = Change(renamed.address, Action.REPLACE, desired=renamed, live=live)
        with pytest.raises(Conflict):
            await kind.succeed(client, change, made_and_refused)
        assert stage.deployment["paused"] is True
        await kind.delete(client, (await kind.observe(client, [renamed])).lives[0])

    staged(scenario)


def test_a_run_between_two_tries_is_under_way(staged):
    async def scenario(stage):
        await stage.apply()
        run_id = stage.start("RUNNING")
        state = {"type": "SCHEDULED", "name": "AwaitingRetry"}
        stage.server.post(f"/flow_runs/{run_id}/set_state", {"state": state, "force": True})
        [found] = stage.runs()
        assert found["run_count"] == 1
        manifest = stage.bench.manifest("Deployment", "nightly", stage.spec)
        [live] = (await kinds()["Deployment"].observe(stage.bench.clients["prefect"], [manifest])).lives
        change = Change(manifest.address, Action.DELETE, live=live)
        affected = await kinds()["Deployment"].impact(stage.bench.clients["prefect"], [change])
        assert affected[change.address] == [(run_id, "running", "orphaned")]
        await kinds()["Deployment"].delete(stage.bench.clients["prefect"], live)
        [left] = stage.runs()
        assert left["state_name"] == "AwaitingRetry"

    staged(scenario)
