"""`pfa-gitops status` against a real Prefect server and the emulator. No worker runs: the tests say what it would."""

import sqlite3
import time
from contextlib import closing

import pytest
from support.anyscale_emulator import AnyscaleEmulator, eventually
from support.commands import Workdir

PROJECT = """apiVersion: pfa-gitops/v1
kind: Project
metadata: {name: status}
spec: {external: [WorkPool/somewhere]}
"""
PREFECT = """
apiVersion: pfa-gitops/v1
kind: WorkPool
metadata: {name: status-pool}
spec: {type: process, concurrency_limit: 3, queues: [{name: fast, priority: 1}]}
---
apiVersion: pfa-gitops/v1
kind: Deployment
metadata: {name: status-often}
spec: {flow_name: status-flow, entrypoint: f.py:f, path: /code, work_pool: status-pool, work_queue: fast}
---
apiVersion: pfa-gitops/v1
kind: Deployment
metadata: {name: status-seldom}
spec: {flow_name: status-flow, entrypoint: f.py:f, path: /code, work_pool: status-pool, paused: true}
"""
NOT_APPLIED = """
---
apiVersion: pfa-gitops/v1
kind: WorkPool
metadata: {name: status-new}
spec: {type: process}
---
apiVersion: pfa-gitops/v1
kind: Deployment
metadata: {name: status-new}
spec: {flow_name: status-new, entrypoint: f.py:f, path: /code, work_pool: status-new}
"""
AGENT = """
apiVersion: pfa-gitops/v1
kind: Agent
metadata: {name: status-agent}
spec: {work_pool: somewhere, prefect: {api_url: "http://127.0.0.1:9/api"}}
"""


def project(folder, *environments):
    made = Workdir(folder, {"HOME": str(folder)} | {key: value for one in environments for key, value in one.items()})
    made.write("pfa-gitops.yaml", PROJECT)
    return made


@pytest.fixture(scope="module")
def applied(tmp_path_factory, prefect_server):
    made = project(tmp_path_factory.mktemp("status"), prefect_server.environment)
    made.write("manifests/a.yaml", PREFECT)
    done = made.pfa("apply", "--auto-approve")
    assert done.returncode == 0, done.stderr
    made.write("manifests/a.yaml", PREFECT + NOT_APPLIED)
    return made


def by_address(document):
    return {status["address"]: status for status in document["statuses"]}


def start_run(server, deployment, moved_to=None, job=None, **more):
    found = server.get(f"/deployments/name/status-flow/{deployment}")
    run = server.post(f"/deployments/{found['id']}/create_flow_run", more)
    if moved_to:
        server.post(f"/flow_runs/{run['id']}/set_state", {"state": {"type": moved_to}, "force": True})
    if job:
        server.patch(f"/flow_runs/{run['id']}", {"infrastructure_pid": job})
    return run


def backdate(server, worker, days):
    """A heartbeat of long ago: the API takes none."""
    with closing(sqlite3.connect(server.home / "prefect.db", timeout=60)) as database, database:
        moved = database.execute(
            "update worker set last_heartbeat_time = datetime(last_heartbeat_time, ?) || '.000000' where name = ?",
            (f"-{days} days", worker),
        )
        assert moved.rowcount == 1


def test_before_anything_runs_and_what_is_not_there_yet(applied):
    document = applied.document("status")
    found = by_address(document)
    assert document["format"] == "pfa-gitops/status/v1"
    assert found["WorkPool/status-pool"]["health"] == "attention", "no worker polls it"
    assert found["WorkPool/status-pool"]["message"] == "process: no worker online, 0 of 3 slots used"
    assert found["Deployment/status-often"]["message"] == "has not run yet"
    for address in ("WorkPool/status-new", "Deployment/status-new"):
        assert (found[address]["health"], found[address]["message"]) == ("absent", "not there yet: run apply")


def test_workers_queues_runs_and_last_runs(applied, prefect_server):
    server = prefect_server
    for worker in ("here", "gone", "long-gone"):
        server.post("/work_pools/status-pool/workers/heartbeat", {"name": worker, "heartbeat_interval_seconds": 3600})
    server.post("/work_pools/status-pool/workers/heartbeat", {"name": "gone", "heartbeat_interval_seconds": 1})
    backdate(server, "long-gone", 3)
    later = {"state": {"type": "SCHEDULED", "state_details": {"scheduled_time": "2099-01-01T00:00:00Z"}}}
    start_run(server, "status-often", **later)
    overdue = start_run(server, "status-often")
    eventually(lambda: server.get(f"/flow_runs/{overdue['id']}")["state"]["name"] == "Late")
    running = start_run(server, "status-often", "RUNNING", "prodjob_1")
    start_run(server, "status-often", "PENDING")
    start_run(server, "status-seldom", "FAILED")
    eventually(lambda: worker_status(server, "gone") == "OFFLINE")

    found = by_address(applied.document("status"))
    pool = found["WorkPool/status-pool"]
    assert pool["message"] == "process: 1 worker online, 2 of 3 slots used, 1 late"
    assert [(row["worker"], row["status"]) for row in pool["workers"]] == [("here", "online"), ("gone", "offline")]
    assert 0 <= pool["workers"][0]["heartbeat"]["age_seconds"] < 600
    assert pool["facts"] == {
        "type": "process",
        "paused": False,
        "concurrency_limit": 3,
        "slots_used": 2,
        "late": 1,
        "workers_online": 1,
        "workers_offline": 2,
    }
    fast = next(row for row in pool["queues"] if row["queue"] == "fast")
    assert [fast[name] for name in ("scheduled", "late", "pending", "running")] == [1, 1, 1, 1]
    assert {row["run"]: row["job"] for row in pool["runs"]}[running["name"]] == "prodjob_1"
    assert found["Deployment/status-seldom"]["health"] == "attention"
    assert found["Deployment/status-seldom"]["message"].startswith("paused, last run")
    assert found["Deployment/status-seldom"]["facts"]["last_run_state"] == "Failed"

    text = applied.pfa("status").stdout
    assert "1 more worker is offline for over a day" in text
    assert "prodjob_1" in text
    assert "\x1b" not in text


def worker_status(server, name):
    workers = server.post("/work_pools/status-pool/workers/filter", {})
    return next(worker["status"] for worker in workers if worker["name"] == name)


@pytest.mark.slow  # it makes 201 runs
def test_a_deployment_that_runs_often_does_not_hide_one_that_runs_seldom(applied, prefect_server):
    flow = prefect_server.get("/deployments/name/status-flow/status-often")
    body = {"flow_id": flow["flow_id"], "deployment_id": flow["id"], "state": {"type": "COMPLETED"}}
    for _ in range(201):
        prefect_server.post("/flow_runs/", body)
    found = by_address(applied.document("status"))
    assert found["Deployment/status-seldom"]["facts"]["last_run_state"] is not None
    assert found["Deployment/status-often"]["facts"]["last_run_state"] is not None


def test_ages_are_told_by_the_servers_clock(applied, prefect_server, tmp_path):
    """This machine's clock is a day ahead: what is new is told as new all the same."""
    prefect_server.post("/work_pools/status-pool/workers/heartbeat", {"name": "now", "heartbeat_interval_seconds": 30})
    began = time.monotonic()
    (tmp_path / "sitecustomize.py").write_text(AHEAD)
    found = by_address(applied.document("status", PYTHONPATH=str(tmp_path)))
    [worker] = [row for row in found["WorkPool/status-pool"]["workers"] if row["worker"] == "now"]
    assert worker["heartbeat"]["age_seconds"] <= time.monotonic() - began + 2


AHEAD = """
import datetime

class Ahead(datetime.datetime):
    @classmethod
    def now(cls, tz=None):
        return super().now(tz) + datetime.timedelta(days=1)

datetime.datetime = Ahead
"""


def test_an_agent_is_told_by_its_service(prefect_server, tmp_path, tmp_path_factory):
    quiet = AnyscaleEmulator(tmp_path_factory.mktemp("quiet") / "data", "--no-run-services").start()
    try:
        made = project(tmp_path, prefect_server.environment, quiet.env)
        made.write("pfa-gitops.yaml", PROJECT.replace("name: status", "name: status-of-an-agent"))
        made.write("manifests/a.yaml", AGENT)
        assert by_address(made.document("status"))["Agent/status-agent"]["health"] == "absent"
        assert made.pfa("apply", "--auto-approve").returncode == 0
        quiet.forget_requests()
        status = by_address(made.document("status"))["Agent/status-agent"]
        assert (status["health"], status["message"], status["facts"]["state"]) == ("good", "RUNNING", "RUNNING")
        assert {method for method, _ in quiet.requests()} <= {"GET", "POST"}
        assert len(quiet.requests()) <= 6, "the cloud, the project, two listings, its build and its compute config"
    finally:
        quiet.stop()


def test_a_platform_that_is_gone_is_told_and_the_other_is_shown(applied, emulator, tmp_path):
    made = project(tmp_path, applied.environment, emulator.env, {"ANYSCALE_HOST": "http://127.0.0.1:9"})
    made.write("manifests/a.yaml", PREFECT + "---" + AGENT)
    document = made.document("status", code=4)
    assert "WorkPool/status-pool" in by_address(document)
    [problem] = document["problems"]
    assert "http://127.0.0.1:9" in problem["message"]
    done = made.pfa("status")
    assert done.returncode == 4
    assert "status-pool" in done.stdout
    assert "nothing answers" in done.stderr


def test_problems_of_manifests_exit_with_1(tmp_path):
    made = project(tmp_path)
    made.write("manifests/a.yaml", "apiVersion: pfa-gitops/v1\nkind: WorkPool\nmetadata: {name: a}\nspec: {typ: x}\n")
    done = made.pfa("status")
    assert (done.returncode, done.stdout) == (1, "")
    assert "did you mean" in done.stderr


def test_without_prefect_nothing_is_known_of_sync_and_the_agent_is_shown_all_the_same(tmp_path, emulator):
    made = project(tmp_path, emulator.env, {"PREFECT_API_URL": "http://127.0.0.1:9/api"})
    made.write("manifests/a.yaml", AGENT)
    document = made.document("status", "--check", code=4)
    assert by_address(document)["Agent/status-agent"]["health"] == "absent"
    [one] = document["objects"]
    assert (one["sync"], document["will_run"], document["last_apply"]) == ("unknown", [], None)
    assert len(document["problems"]) == 1
