"""A flow's parameters change: what plan says of it before anybody applies it, against a real Prefect server."""

import uuid

import pytest
from support.commands import Workdir

PROJECT = """\
apiVersion: pfa-gitops/v1
kind: Project
metadata: {name: NAME}
spec: {environments: {dev: {default: true}}}
"""
FLOW = """\
from typing import Literal, Optional
from prefect import flow
from pydantic import BaseModel

class Source(BaseModel):
    table: str
    limit: int = 10

@flow(name="NAME")
def load(PARAMETERS):
    pass
"""
BEFORE = 'source: Source, region: str = "eu", mode: Literal["fast", "slow"] = "fast", size: int = 1'
NEW_REGION_AND_MODE = 'source: Source, mode: Literal["fast"] = "fast", size: Optional[int] = 1, note: str = ""'
DEPLOYMENT = """\
apiVersion: pfa-gitops/v1
kind: Deployment
metadata: {name: NAME}
spec:
  entrypoint: flow.py:load
  path: /code
  parameters: {source: {table: t}}
"""
AUTOMATION = """\
apiVersion: pfa-gitops/v1
kind: Automation
metadata: {name: NAME-ours}
spec:
  trigger: {type: event, expect: [made.up]}
  actions: [{type: run-deployment, deployment: NAME, parameters: {mode: slow, size: "{{ event.id }}"}}]
"""


class Project:
    """One deployment of one test, and what others made around it."""

    def __init__(self, folder, server) -> None:
        folder.mkdir()
        self.name, self.server = f"contract-{uuid.uuid4().hex[:8]}", server
        home = {"HOME": str(folder), "PREFECT_HOME": str(folder / "prefect")}
        self.work = Workdir(folder, {**home, **server.environment})
        self.write("pfa-gitops.yaml", PROJECT)

    def write(self, path: str, text: str) -> None:
        self.work.write(path, text.replace("NAME", self.name))

    def flow(self, parameters: str) -> None:
        self.write("flow.py", FLOW.replace("PARAMETERS", parameters))

    @property
    def id(self) -> str:
        return self.server.get(f"/deployments/name/{self.name}/{self.name}")["id"]

    def contract(self, code: int = 0) -> list[dict]:
        plan = self.work.document("plan", code=code)
        [change] = [one for one in plan["changes"] if one["address"] == f"Deployment/{self.name}"]
        return change["contract"]


@pytest.fixture
def project(tmp_path, prefect_server):
    made = Project(tmp_path / "project", prefect_server)
    made.flow(BEFORE)
    made.write("manifests/deployment.yaml", DEPLOYMENT)
    made.write("manifests/automation.yaml", AUTOMATION)
    made.work.document("apply", "--auto-approve")
    return made


def test_who_is_hit_is_told_by_name(project):
    project.server.post(
        f"/deployments/{project.id}/schedules",
        [{"slug": "theirs", "active": False, "schedule": {"cron": "0 3 * * *"}, "parameters": {"region": "us"}}],
    )
    started = {"name": "by-hand", "parameters": {"region": "us", "mode": "slow"}}
    project.server.post(f"/deployments/{project.id}/create_flow_run", started)
    project.server.post(f"/deployments/{project.id}/create_flow_run", {"parameters": {"size": 3}})
    action = {"type": "run-deployment", "source": "selected", "deployment_id": project.id}
    trigger = {"type": "event", "posture": "Reactive", "expect": ["made.up"], "threshold": 1, "within": 0}
    project.server.post(
        "/automations/",
        {"name": "theirs", "trigger": trigger, "actions": [{**action, "parameters": {"region": "us"}}]},
    )
    project.flow(NEW_REGION_AND_MODE)
    told = {change["parameter"]: change for change in project.contract()}
    assert {name: (change["kind"], change["breaking"]) for name, change in told.items()} == {
        "mode": ("narrowed", True),
        "region": ("removed", True),
        "size": ("widened", False),
        "note": ("added", False),
    }
    run = {"sort": "run", "name": "by-hand", "runs": 1}
    ours = {"sort": "automation", "name": f"{project.name}-ours", "runs": 0}
    theirs = [{"sort": sort, "name": "theirs", "runs": 0} for sort in ("schedule", "automation")]
    assert told["mode"]["hits"] == [ours, run]
    assert told["mode"]["detail"] == 'no longer "slow"'
    assert told["region"]["hits"] == [*theirs, run]
    assert told["size"]["hits"] == told["note"]["hits"] == []
    text = project.work.pfa("plan").stdout
    assert "      breaking: region is gone; hits schedule theirs, automation theirs, 1 flow run\n" in text
    assert "      safe: note is new, and may be left out (string)\n" in text


def test_what_is_safe_asks_for_nothing_more_and_what_is_applied_is_told_no_more(project):
    project.flow(f"{BEFORE}, note: str = 'x'")
    [change] = project.contract()
    assert (change["parameter"], change["kind"], change["breaking"], change["hits"]) == ("note", "added", False, [])
    project.work.document("apply", "--auto-approve")
    assert project.contract() == []


def test_a_parameter_that_the_deployment_gives_is_lacked_by_nobody(project):
    project.flow('source: Source, region: str, mode: Literal["fast", "slow"] = "fast", size: int = 1')
    [change] = project.contract()
    assert (change["parameter"], change["kind"], change["breaking"]) == ("region", "required", True)
    assert change["hits"] == [{"sort": "automation", "name": f"{project.name}-ours", "runs": 0}]
    project.write("manifests/deployment.yaml", DEPLOYMENT.replace("{table: t}", "{table: t}, region: us"))
    [change] = project.contract()
    assert (change["parameter"], change["breaking"], change["hits"]) == ("region", False, [])


@pytest.mark.parametrize(
    ("entrypoint", "message", "mend"),
    [
        ("flwo.py:load", "there is no file flwo.py", "did you mean `flow.py`?"),
        ("flow.py:lod", "flow.py has no flow lod", "did you mean `load`?"),
        ("flow.py:Source", "Source in flow.py is not a flow", "decorate it with @flow, or name a flow: load"),
    ],
)
def test_a_missing_file_or_function_is_told_at_its_place(project, entrypoint, message, mend):
    text = DEPLOYMENT.replace("flow.py:load", entrypoint).replace("  path: /code\n", "")
    project.write("manifests/deployment.yaml", text)
    refused = project.work.pfa("validate")
    assert refused.returncode == 1
    told = f"manifests/deployment.yaml:5:15: Deployment/{project.name}: {message}\n    {mend}\n"
    assert told in refused.stderr


def test_what_the_manifest_gives_and_no_longer_fits_stops_the_plan_at_its_place(project):
    project.write("manifests/deployment.yaml", DEPLOYMENT.replace("{table: t}", "{table: t, limit: many}"))
    refused = project.work.pfa("plan")
    assert refused.returncode == 1
    assert "deployment.yaml:7:42" in refused.stderr
    assert "text is not what `source.limit` takes" in refused.stderr
