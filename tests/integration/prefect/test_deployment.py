"""What a Deployment leaves alone on a real server: runs, schedules' ids, anchors, variables, shared limits."""

import asyncio
import time
from pathlib import Path

import pytest
from support.kind_cases import Workbench, show

from pfa_gitops.model.values import Action
from pfa_gitops.platforms.prefect._client import PrefectClient
from pfa_gitops.platforms.prefect._target import PrefectTarget

FLOW = '''
from prefect import flow

@flow(name="{name}")
def count_to(highest_number: int, label: str = "x"):
    """Count."""
'''
DAILY = {"slug": "daily", "cron": "0 3 * * *"}
HOURLY = {"slug": "hourly", "interval": 3600}


class Bench:
    """One deployment of one test: apply a spec to it, and look at what the server has."""

    def __init__(self, server, root: Path, name: str) -> None:
        self.server, self.root, self.name = server, root, name

    def run(self, work):
        async def with_client():
            async with PrefectClient(PrefectTarget(self.server.url)) as client:
                return await work(Workbench({"prefect": client}, self.root))

        return asyncio.run(with_client())

    def plan(self, **spec):
        async def plan(bench):
            [change] = (await bench.plan([bench.manifest("Deployment", self.name, self.full(spec))])).changes
            return change

        return self.run(plan)

    def apply(self, **spec):
        """Apply, and see that nothing is left to do. Returns the deployment as the server tells it."""

        async def apply(bench):
            manifest = bench.manifest("Deployment", self.name, self.full(spec))
            await bench.apply(await bench.plan([manifest]))
            [change] = (await bench.plan([manifest])).changes
            assert change.action is Action.NONE, show(change)

        self.run(apply)
        return self.live()

    def refusal(self, spec, made_meanwhile=None):
        """Apply what fails, and return why."""

        async def apply(bench):
            plan = await bench.plan([bench.manifest("Deployment", self.name, self.full(spec))])
            if made_meanwhile:
                self.make(**made_meanwhile)
            [outcome] = await bench.run(plan)
            return outcome.problem.message

        return self.run(apply)

    def delete(self, **spec):
        async def delete(bench):
            await bench.delete(bench.manifest("Deployment", self.name, self.full(spec)))

        self.run(delete)

    def full(self, spec):
        return {"flow_name": f"{self.name}-flow"} | spec

    def live(self, flow_name=None):
        return self.server.get(f"/deployments/name/{flow_name or self.name + '-flow'}/{self.name}")

    def make(self, **body):
        """Make it as somebody else would."""
        flow = self.server.post("/flows/", {"name": f"{self.name}-flow"})
        return self.server.post("/deployments/", {"name": self.name, "flow_id": flow["id"], **body})

    def storage(self):
        """A block document in which code may be."""
        kind = self.server.get("/block_types/slug/local-file-system")["id"]
        body = {"block_schemas": {"block_type_id": {"any_": [kind]}}}
        [schema, *_] = self.server.post("/block_schemas/filter", body)
        names = {"name": f"{self.name}-storage"[-40:].strip("-"), "data": {}}
        return self.server.post("/block_documents/", {**names, "block_type_id": kind, "block_schema_id": schema["id"]})

    def patch(self, **body):
        self.server.patch(f"/deployments/{self.live()['id']}", body)

    def scheduled_runs(self):
        """The ids of the coming runs, once the scheduler has made some."""
        wanted = {"deployments": {"id": {"any_": [self.live()["id"]]}}, "limit": 200}
        for _ in range(100):
            if runs := self.server.post("/flow_runs/filter", wanted):
                return {run["id"] for run in runs}
            time.sleep(0.2)
        raise AssertionError("the scheduler made no runs")


@pytest.fixture
def bench(prefect_server, tmp_path, request):
    return Bench(prefect_server, tmp_path, request.node.name.replace("_", "-")[5:60])


def ids(live):
    return {schedule["slug"]: schedule["id"] for schedule in live["schedules"]}


def test_a_flow_is_read_from_its_source(bench):
    (bench.root / "count.py").write_text(FLOW.format(name="counted"))
    spec = {"flow_name": "counted", "entrypoint": "count.py:count_to", "parameters": {"highest_number": 3}}

    async def apply(workbench):
        spec.pop("flow_name")
        manifest = workbench.manifest("Deployment", bench.name, spec)
        await workbench.apply(await workbench.plan([manifest]))
        [change] = (await workbench.plan([manifest])).changes
        return change.action

    assert bench.run(apply) is Action.NONE
    live = bench.live("counted")
    assert live["description"] == "Count."
    assert live["parameter_openapi_schema"]["properties"]["highest_number"]["type"] == "integer"
    assert live["parameter_openapi_schema"]["required"] == ["highest_number"]


def test_nothing_to_do_keeps_the_coming_runs(bench):
    bench.apply(schedules=[DAILY, HOURLY], tags=["a"])
    before, updated = bench.scheduled_runs(), bench.live()["updated"]
    bench.apply(schedules=[HOURLY, DAILY], tags=["a"])
    assert bench.live()["updated"] == updated
    assert bench.scheduled_runs() >= before


def test_another_description_keeps_the_schedules_ids(bench):
    before = bench.apply(schedules=[DAILY, HOURLY], description="One.")
    after = bench.apply(schedules=[DAILY, HOURLY], description="Two.")
    assert after["description"] == "Two."
    assert (after["id"], ids(after)) == (before["id"], ids(before))


def test_a_removed_schedule_leaves_the_others_id(bench):
    before = bench.apply(schedules=[DAILY, HOURLY])
    after = bench.apply(schedules=[HOURLY])
    assert ids(after) == {"hourly": ids(before)["hourly"]}


def test_a_changed_and_an_added_schedule_leave_the_others_ids(bench):
    before = bench.apply(schedules=[DAILY, HOURLY])
    extra = {"slug": "extra", "cron": "0 5 * * *", "max_scheduled_runs": 2, "parameters": {"x": 1}}
    after = bench.apply(schedules=[{**DAILY, "cron": "0 4 * * *"}, HOURLY, extra])
    assert {slug: ids(after)[slug] for slug in ids(before)} == ids(before)
    [made] = [schedule for schedule in after["schedules"] if schedule["slug"] == "extra"]
    assert (made["max_scheduled_runs"], made["parameters"]) == (2, {"x": 1})


def test_a_changed_schedule_keeps_what_the_manifest_does_not_name(bench):
    bench.apply(schedules=[{**DAILY, "parameters": {"x": 1}, "active": False, "timezone": "Europe/Berlin"}])
    [after] = bench.apply(schedules=[{**DAILY, "cron": "0 4 * * *"}])["schedules"]
    assert (after["parameters"], after["active"]) == ({"x": 1}, False)
    assert after["schedule"] == {"cron": "0 4 * * *", "timezone": "Europe/Berlin", "day_or": True}


def test_an_intervals_anchor_does_not_move(bench):
    [before] = bench.apply(schedules=[HOURLY])["schedules"]
    [after] = bench.apply(schedules=[{**HOURLY, "interval": "2h"}])["schedules"]
    assert after["schedule"]["interval"] == 7200.0
    assert after["schedule"]["anchor_date"] == before["schedule"]["anchor_date"]
    assert after["id"] == before["id"]


def test_schedules_without_slugs_are_taken_over(bench):
    bench.make(
        schedules=[
            {"schedule": {"cron": "0 3 * * *"}, "active": True},
            {"schedule": {"interval": 60}, "active": True},
        ]
    )
    change = bench.plan(schedules=[DAILY])
    assert change.action is Action.UPDATE
    after = bench.apply(schedules=[DAILY])
    assert set(ids(after)) == {"daily"}


def test_an_equal_schedule_without_a_slug_is_left_alone_until_something_else_changes(bench):
    made = bench.make(schedules=[{"schedule": {"cron": "0 3 * * *", "timezone": "UTC"}, "active": True}])
    assert bench.plan(schedules=[{"cron": "0 3 * * *"}]).action is Action.NONE
    after = bench.apply(schedules=[{"cron": "0 3 * * *"}, HOURLY])
    assert len(after["schedules"]) == 2
    assert all(slug is not None for slug in ids(after))
    assert after["id"] == made["id"]


def test_schedules_without_slugs_survive_a_change_that_does_not_touch_them(bench):
    made = bench.make(schedules=[{"schedule": {"cron": "0 3 * * *"}, "active": True}])
    after = bench.apply(description="Other.")
    assert [schedule["id"] for schedule in after["schedules"]] == [made["schedules"][0]["id"]]


def test_job_variables_that_nobody_names_survive(bench, pool):
    bench.make(work_pool_name=pool, job_variables={"mine": 1, "image_uri": "old:1", "timeout_s": 5})
    after = bench.apply(work_pool=pool, infra_overrides={"image_uri": "new:1"})
    assert after["job_variables"] == {"mine": 1, "image_uri": "new:1", "timeout_s": 5}
    after = bench.apply(work_pool=pool, infra_overrides={"image_uri": "new:1"}, job_variables={"other": 2})
    assert after["job_variables"] == {"other": 2, "image_uri": "new:1", "timeout_s": 5}
    after = bench.apply(work_pool=pool, infra_overrides=None)
    assert after["job_variables"] == {"other": 2}
    after = bench.apply(work_pool=pool, job_variables={})
    assert after["job_variables"] == {}


def test_job_variables_are_held_against_the_pools_template(bench, pool):
    bench.apply(work_pool=pool)
    assert "'no number' is not valid" in bench.refusal({"job_variables": {"number": "no number"}})
    assert bench.live()["job_variables"] == {}


def test_a_queue_stays_where_only_variables_change(bench, pool):
    bench.apply(work_pool=pool, work_queue="urgent")
    after = bench.apply(work_pool=pool, job_variables={"mine": 1})
    assert (after["work_pool_name"], after["work_queue_name"]) == (pool, "urgent")


def test_a_pool_and_a_storage_that_were_removed_by_hand_are_seen(bench, pool):
    bench.apply(work_pool=pool, work_queue="default")
    bench.server.delete(f"/work_pools/{pool}")
    assert bench.live()["work_pool_name"] is None
    assert bench.plan(work_pool=pool, work_queue="default").changed >= {"work_pool"}
    storage = bench.storage()
    bench.apply(storage={"block": f"local-file-system/{storage['name']}"})
    bench.server.delete(f"/block_documents/{storage['id']}")
    assert bench.plan(storage={"block": f"local-file-system/{storage['name']}"}).action is Action.CREATE


def test_an_enforced_schema_takes_parameters_and_their_removal(bench):
    schema = {"title": "Parameters", "type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
    spec = {"parameter_openapi_schema": schema, "enforce_parameter_schema": True}
    assert bench.apply(**spec, parameters={"n": 1})["parameters"] == {"n": 1}
    assert bench.apply(**spec, parameters={})["parameters"] == {}
    wider = {**schema, "properties": {"n": {"type": "string"}}}
    after = bench.apply(**spec | {"parameter_openapi_schema": wider}, parameters={"n": "a"})
    assert after["parameters"] == {"n": "a"}


def test_a_deployment_whose_schema_is_null_can_be_written(bench):
    bench.make(parameter_openapi_schema=None)
    assert bench.live()["parameter_openapi_schema"] is None
    assert bench.apply(description="Other.")["description"] == "Other."


def test_a_shared_limit_outlives_the_deployments_that_share_it(bench):
    name = f"{bench.name}-limit"
    limit = bench.server.post("/v2/concurrency_limits/", {"name": name, "limit": 7})

    def shared():
        return bench.server.get(f"/v2/concurrency_limits/{limit['id']}")["limit"]

    assert bench.apply(global_concurrency_limit=name)["global_concurrency_limit"]["id"] == limit["id"]
    own = bench.apply(concurrency_limit=2, global_concurrency_limit=None)["global_concurrency_limit"]
    assert (own["limit"], shared()) == (2, 7)
    assert bench.apply(global_concurrency_limit=name, concurrency_limit=None)["global_concurrency_limit"]["limit"] == 7
    limits = bench.server.post("/v2/concurrency_limits/filter", {"limit": 200})
    assert own["id"] not in {item["id"] for item in limits}
    assert bench.apply(concurrency_limit=3)["global_concurrency_limit"]["limit"] == 3
    assert shared() == 7
    bench.apply(global_concurrency_limit=name)
    bench.delete(global_concurrency_limit=name)
    assert shared() == 7


def test_what_somebody_made_meanwhile_is_not_overwritten(bench):
    meanwhile = {"description": "Theirs.", "schedules": [{"schedule": {"cron": "0 3 * * *"}, "slug": "theirs"}]}
    assert "was made by somebody else meanwhile" in bench.refusal({"description": "Ours."}, meanwhile)
    assert bench.live()["description"] == "Theirs."


@pytest.fixture
def pool(bench):
    name = f"{bench.name}-pool"
    variables = {"type": "object", "properties": {"command": {}, "number": {"type": "integer"}}}
    template = {"job_configuration": {"command": "{{ command }}"}, "variables": variables}
    bench.server.post("/work_pools/", {"name": name, "type": "anyscale", "base_job_template": template})
    return name
