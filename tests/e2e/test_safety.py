"""Pruning, ownership, the lock, saved plans and drift, by the commands, against real servers."""

import json
import signal
import subprocess
import uuid
from datetime import UTC, datetime

import pytest
from support.anyscale_emulator import eventually
from support.commands import PROGRAM, Workdir

PROJECT = """\
apiVersion: pfa-gitops/v1
kind: Project
metadata: {name: NAME}
spec:
  environments:
    dev: {default: true, limits: {max_deletes: 2}}
"""


def variable(name: str, value: str = "1") -> str:
    return f"---\napiVersion: pfa-gitops/v1\nkind: Variable\nmetadata: {{name: {name}}}\nspec: {{value: {value}}}\n"


def header(kind: str, name: str) -> str:
    return f"apiVersion: pfa-gitops/v1\nkind: {kind}\nmetadata: {{name: {name}}}\n"


def runs_of(plan: dict, effect: str) -> int:
    """How many there are, late or not: the server marks a run late some seconds after it was due."""
    return sum(plan["impact"].get(effect, {}).values())


class Names:
    """Names that no other test uses on the shared server."""

    def __init__(self) -> None:
        self._prefix = f"s{uuid.uuid4().hex[:8]}"

    def __getattr__(self, name: str) -> str:
        return f"{self._prefix}-{name}"


@pytest.fixture
def n() -> Names:
    return Names()


@pytest.fixture
def project(tmp_path, prefect_server, n) -> Workdir:
    return started(tmp_path / "project", prefect_server, n.project)


def started(folder, prefect_server, name) -> Workdir:
    folder.mkdir()
    home = {"HOME": str(folder), "PREFECT_HOME": str(folder / "prefect")}
    made = Workdir(folder, {**home, **prefect_server.environment})
    made.write("pfa-gitops.yaml", PROJECT.replace("NAME", name))
    return made


def live(prefect_server, *names):
    found = prefect_server.post("/variables/filter", {"variables": {"name": {"any_": list(names)}}})
    return {item["name"]: item["value"] for item in found}


def test_what_left_the_manifests_goes_and_what_is_not_ours_stays(project, prefect_server, n):
    prefect_server.post("/variables/", {"name": n.foreign, "value": "theirs"})
    project.write("manifests/a.yaml", variable(n.a) + variable(n.b) + variable(n.c))
    project.document("apply", "--auto-approve")
    project.write("manifests/a.yaml", variable(n.a))
    assert project.document("plan")["summary"]["delete"] == 2
    project.document("apply", "--auto-approve")
    assert live(prefect_server, n.a, n.b, n.c, n.foreign) == {n.a: 1, n.foreign: "theirs"}
    assert project.document("plan", "--detailed-exitcode", code=0)["summary"]["unchanged"] == 1
    project.document("destroy", "--auto-approve")
    assert live(prefect_server, n.a, n.foreign) == {n.foreign: "theirs"}


def test_what_another_project_made_is_not_to_be_had(project, prefect_server, tmp_path, n):
    project.write("manifests/a.yaml", variable(n.a))
    project.document("apply", "--auto-approve")
    others = started(tmp_path / "others", prefect_server, n.others)
    others.write("manifests/a.yaml", variable(n.a, "2").replace("{name:", "{adopt: true, name:"))
    for command in (["plan"], ["apply", "--auto-approve"], ["import", f"Variable/{n.a}"]):
        refused = others.pfa(*command)
        assert refused.returncode == 1
        assert f"exists and belongs to project {n.project}, environment dev" in refused.stderr
    assert live(prefect_server, n.a) == {n.a: 1}


def test_more_deletes_than_the_limit_need_a_flag(project, prefect_server, n):
    project.write("manifests/a.yaml", "".join(variable(getattr(n, name)) for name in "abcd"))
    project.document("apply", "--auto-approve")
    project.write("manifests/a.yaml", variable(n.a))
    refused = project.pfa("apply", "--auto-approve")
    assert refused.returncode == 1
    assert "deletes or replaces 3 objects, and max_deletes is 2" in refused.stderr
    assert len(live(prefect_server, n.a, n.b, n.c, n.d)) == 4
    project.document("apply", "--auto-approve", "--ignore-limits")
    assert list(live(prefect_server, n.a, n.b, n.c, n.d)) == [n.a]


def test_an_object_that_is_nobodys_stops_the_plan_until_it_is_taken(project, prefect_server, n):
    prefect_server.post("/variables/", {"name": n.old, "value": 1})
    project.write("manifests/a.yaml", variable(n.old, "2"))
    refused = project.pfa("plan")
    assert refused.returncode == 1
    assert f"the Variable {n.old} exists and is not this project's" in refused.stderr
    assert "manifests/a.yaml:4" in refused.stderr
    assert project.document("import", f"Variable/{n.old}") == {"imported": [f"Variable/{n.old}"]}
    assert live(prefect_server, n.old) == {n.old: 1}
    assert project.document("plan")["summary"]["update"] == 1
    project.document("apply", "--auto-approve")
    assert live(prefect_server, n.old) == {n.old: 2}


def test_a_lost_inventory_is_rebuilt(project, prefect_server, n):
    project.write("manifests/a.yaml", variable(n.a) + variable(n.b))
    project.document("apply", "--auto-approve")
    documents = prefect_server.post(
        "/block_documents/filter", {"block_types": {"slug": {"any_": ["pfa-gitops-inventory"]}}}
    )
    [ours] = [item for item in documents if json.loads(item["data"]["content"])["project"] == n.project]
    prefect_server.delete(f"/block_documents/{ours['id']}")
    assert project.pfa("plan").returncode == 1
    assert sorted(project.document("import", "--all")["imported"]) == [f"Variable/{n.a}", f"Variable/{n.b}"]
    assert project.document("plan", "--detailed-exitcode", code=0)["summary"]["unchanged"] == 2


def test_a_saved_plan_does_what_it_showed_and_nothing_else(project, prefect_server, n, tmp_path):
    project.write("manifests/a.yaml", variable(n.a) + variable(n.b))
    project.document("apply", "--auto-approve")
    project.write("manifests/a.yaml", variable(n.a, "2") + variable(n.b, "2") + variable(n.new))
    file = str(tmp_path / "plan.json")
    project.pfa("plan", "-o", file)
    [moved] = [item for item in prefect_server.post("/variables/filter", {}) if item["name"] == n.a]
    prefect_server.patch(f"/variables/{moved['id']}", {"value": 99})
    done = project.pfa("apply", file, "--format", "json")
    assert done.returncode == 3, done.stderr
    results = {outcome["address"]: outcome["result"] for outcome in json.loads(done.stdout)["outcomes"]}
    assert results == {f"Variable/{n.a}": "skipped", f"Variable/{n.b}": "done", f"Variable/{n.new}": "done"}
    assert live(prefect_server, n.a, n.b, n.new) == {n.a: 99, n.b: 2, n.new: 1}
    last = project.document("status", "--history")["applies"][0]
    assert (last["result"], last["outcomes"]) == ("incomplete", {"done": 2, "skipped": 1})
    assert project.pfa("apply", file, "--replan", "--auto-approve").returncode == 0
    assert live(prefect_server, n.a) == {n.a: 2}
    project.write("pfa-gitops.yaml", PROJECT.replace("NAME", n.other))
    refused = project.pfa("apply", file)
    assert refused.returncode == 1
    assert f"it is a plan for the project {n.project}, and this is {n.other}" in refused.stderr


def test_a_saved_plan_that_fits_nowhere_says_so_and_one_that_is_done_is_done(project, prefect_server, n):
    project.write("manifests/a.yaml", variable(n.a))
    project.document("apply", "--auto-approve")
    project.write("manifests/a.yaml", variable(n.a, "2"))
    file = str(project.folder / "plan.json")
    project.pfa("plan", "-o", file)
    project.write("manifests/a.yaml", variable(n.a, "3"))
    skipped = project.pfa("apply", file)
    assert skipped.returncode == 3
    assert f"Variable/{n.a} skipped: not done: it is not as it was when the plan was made" in skipped.stderr
    assert "Nothing to change" not in skipped.stdout
    assert "Apply again" not in skipped.stdout
    project.write("manifests/a.yaml", variable(n.a, "2"))
    for _ in range(2):
        assert project.pfa("apply", file).returncode == 0
    assert live(prefect_server, n.a) == {n.a: 2}


def test_a_plan_is_saved_over_no_other_file(project, n):
    project.write("manifests/a.yaml", variable(n.a))
    refused = project.pfa("plan", "-o", "manifests/a.yaml")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "manifests/a.yaml exists, and is no saved plan" in refused.stderr
    assert (project.folder / "manifests/a.yaml").read_text() == variable(n.a)
    for _ in range(2):
        assert project.pfa("plan", "-o", "plan.json").returncode == 0


def test_protection_is_a_change_that_a_plan_shows(project, prefect_server, n):
    project.write("manifests/a.yaml", variable(n.a))
    project.document("apply", "--auto-approve")
    for protect, said in ((True, "becomes protected"), (False, "is no longer protected")):
        project.write("manifests/a.yaml", variable(n.a).replace("{name:", f"{{protect: {str(protect).lower()}, name:"))
        planned = project.pfa("plan", "--detailed-exitcode")
        assert planned.returncode == 2
        assert f"Variable/{n.a} {said}" in planned.stdout
        assert "Nothing to change" not in planned.stdout
        assert project.document("plan")["protection"] == {f"Variable/{n.a}": protect}
        project.document("apply", "--auto-approve")
        project.document("plan", "--detailed-exitcode", code=0)


def test_more_runs_than_the_limit_need_a_flag_and_a_renamed_deployment_keeps_what_waits(project, prefect_server, n):
    project.write("pfa-gitops.yaml", PROJECT.replace("NAME", n.project).replace("max_deletes", "max_runs_affected"))
    project.write("flows.py", "from prefect import flow\n\n\n@flow\ndef count():\n    ...\n")
    pool, spec = f"---\n{header('WorkPool', n.pool)}spec: {{type: process}}\n", f"work_pool: {n.pool}"
    deployment = "---\n{}spec: {{entrypoint: flows.py:count, flow_name: {}, path: /a, {}}}\n"
    project.write("manifests/a.yaml", pool + deployment.format(header("Deployment", n.old), n.flow, spec))
    project.document("apply", "--auto-approve")
    made = prefect_server.get(f"/deployments/name/{n.flow}/{n.old}")
    for number in range(3):
        prefect_server.post(f"/deployments/{made['id']}/create_flow_run", {"name": f"{n.run}{number}"})
    project.write("manifests/a.yaml", pool + deployment.format(header("Deployment", n.new), n.flow, spec))
    moved = f"  moved: [{{from: Deployment/{n.old}, to: Deployment/{n.new}}}]\n"
    project.write("pfa-gitops.yaml", (project.folder / "pfa-gitops.yaml").read_text() + moved)
    assert runs_of(project.document("plan"), "moved") == 3
    assert "      flow runs: 3 " in project.pfa("plan").stdout
    refused = project.pfa("apply", "--auto-approve")
    assert refused.returncode == 1
    assert "it affects 3 flow runs, and max_runs_affected is 2" in refused.stderr
    project.document("apply", "--auto-approve", "--ignore-limits")
    runs = prefect_server.post("/flow_runs/filter", {"flows": {"name": {"any_": [n.flow]}}})
    renamed = prefect_server.get(f"/deployments/name/{n.flow}/{n.new}")
    waiting = [run for run in runs if run["state_type"] == "SCHEDULED"]
    assert sorted(run["name"] for run in waiting) == [f"{n.run}{number}" for number in range(3)]
    assert {run["deployment_id"] for run in waiting} == {renamed["id"]}
    destroyed = project.document("destroy", "--auto-approve")["plan"]
    assert runs_of(destroyed, "dropped") == 3
    [risks] = [change["risks"] for change in destroyed["changes"] if change["address"] == f"Deployment/{n.new}"]
    assert risks == ["destroys", "drops_runs"]


def test_drift_says_what_was_changed_since(project, prefect_server, n):
    project.write("manifests/a.yaml", variable(n.a) + variable(n.b))
    project.document("apply", "--auto-approve")
    assert project.document("drift", code=0)["drifted"] == []
    found = {item["name"]: item["id"] for item in prefect_server.post("/variables/filter", {})}
    prefect_server.patch(f"/variables/{found[n.a]}", {"value": 7})
    prefect_server.delete(f"/variables/{found[n.b]}")
    changed, gone = project.document("drift", code=2)["drifted"]
    assert changed["fields"] == [{"path": "value", "before": 1, "after": 7, "reason": None}]
    assert changed["changed_at"]
    assert (gone["address"], gone["gone"]) == (f"Variable/{n.b}", True)


def test_drift_has_its_times_from_prefects_events(project, prefect_server, n):
    """The pool's own `updated` moves, too, when a worker asks for work."""
    pools = [header("WorkPool", name) + "spec: {type: process, description: ours}\n" for name in (n.kept, n.gone)]
    project.write("manifests/pools.yaml", "---\n".join(pools))
    project.document("apply", "--auto-approve")
    prefect_server.patch(f"/work_pools/{n.kept}", {"description": "theirs"})
    before = datetime.now(UTC)
    prefect_server.delete(f"/work_pools/{n.gone}")
    prefect_server.post(f"/work_pools/{n.kept}/workers/heartbeat", {"name": "w"})
    prefect_server.post(f"/work_pools/{n.kept}/get_scheduled_flow_runs", {})

    def times():
        found = {item["address"]: item["changed_at"] for item in project.document("drift", code=2)["drifted"]}
        gone = found[f"WorkPool/{n.gone}"]
        return gone and (datetime.fromisoformat(found[f"WorkPool/{n.kept}"]), datetime.fromisoformat(gone))

    changed, deleted = eventually(times)  # Prefect writes events behind its answers
    assert changed < before < deleted
    assert f"- {n.gone}  is gone  deleted at " in project.pfa("drift").stdout


def test_a_killed_apply_is_carried_on_at_once(project, prefect_server, n):
    project.write("manifests/a.yaml", "".join(variable(f"{n.many}{number}") for number in range(40)))
    command = [*PROGRAM, "apply", "--auto-approve"]
    with subprocess.Popen(
        command, cwd=project.folder, env=project.whole_environment, stderr=subprocess.PIPE
    ) as process:
        eventually(lambda: live(prefect_server, f"{n.many}0"))
        process.send_signal(signal.SIGKILL)
    done = project.pfa("apply", "--auto-approve", "--lock-timeout", "0")
    assert done.returncode == 0, done.stderr
    assert len(live(prefect_server, *(f"{n.many}{number}" for number in range(40)))) == 40
    assert project.document("plan", "--detailed-exitcode", code=0)["summary"]["unchanged"] == 40


def test_unlock_tells_whose_lock_it_took(project, n):
    project.write("manifests/a.yaml", variable(n.a))
    assert project.document("unlock") == {"holder": None}
