"""`pfa-gitops run` against a real server. No worker listens: the tests themselves move the run on."""

import json
import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import pytest
from support.commands import HEEDS_INTERRUPT, Workdir
from support.prefect_server import PrefectServer
from support.relay import relay

MANIFESTS = """
apiVersion: pfa-gitops/v1
kind: WorkPool
metadata: {name: run-pool}
spec: {type: process}
---
apiVersion: pfa-gitops/v1
kind: Deployment
metadata: {name: run-me}
spec:
  entrypoint: flow.py:greet
  work_pool: run-pool
  pull_steps: [{prefect.deployments.steps.set_working_directory: {directory: /tmp}}]
  parameters: {name: Ada}
---
apiVersion: pfa-gitops/v1
kind: Deployment
metadata: {name: never-applied}
spec: {flow_name: nowhere, entrypoint: flow.py:greet, parameters: {name: Ada}}
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory, prefect_server):
    folder = tmp_path_factory.mktemp("run")
    (folder / "flow.py").write_text(
        "from prefect import flow\n\n\n@flow\ndef greet(name: str, times: int = 1):\n    pass\n"
    )
    (folder / "pfa-gitops.yaml").write_text("apiVersion: pfa-gitops/v1\nkind: Project\nmetadata: {name: run}\n")
    (folder / "manifests").mkdir()
    manifests = folder / "manifests" / "all.yaml"
    applied, never = MANIFESTS.rsplit("---", 1)
    manifests.write_text(applied)
    done = start(folder, prefect_server, "apply", "--auto-approve")
    _, err = done.communicate(timeout=200)
    assert done.returncode == 0, err
    manifests.write_text(f"{applied}---{never}")
    return folder


def start(folder, server, *arguments):
    return subprocess.Popen(
        [sys.executable, "-c", HEEDS_INTERRUPT, *arguments],
        cwd=folder,
        env={**os.environ, **server.environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ended(process):
    out, err = process.communicate(timeout=200)
    return process.returncode, out, err


def name_of_run(process):
    """The run's name, from the first line that the command says."""
    line = process.stderr.readline()
    assert "runs as" in line, line + process.stderr.read()
    return line.split("runs as ")[1].split(":")[0]


def said_until(process, text):
    """What the command says, up to the first line with `text`."""
    said = ""
    while text not in said:
        line = process.stderr.readline()
        assert line, f"it ended: {said}"
        said += line
    return said


def run_named(server, name):
    [run] = server.post("/flow_runs/filter", {"flow_runs": {"name": {"any_": [name]}}})
    return run


def set_state(server, run, kind, message=None):
    server.post(f"/flow_runs/{run['id']}/set_state", {"state": {"type": kind, "message": message}, "force": True})


def log(server, run, text, level=20, age=timedelta()):
    time_ = (datetime.now(UTC) - age).isoformat()
    line = {"name": "prefect.flow_runs", "level": level, "message": text, "timestamp": time_}
    server.post("/logs/", [{**line, "flow_run_id": run["id"]}])


def test_it_follows_states_and_log_lines_to_the_end(project, prefect_server):
    with start(project, prefect_server, "run", "Deployment/run-me", "--param", "times=3", "--wait") as process:
        run = run_named(prefect_server, name_of_run(process))
        assert run["parameters"] == {"name": "Ada", "times": 3}
        set_state(prefect_server, run, "RUNNING")
        log(prefect_server, run, "first")
        before = said_until(process, "first")
        log(prefect_server, run, "late, of another process", age=timedelta(seconds=5))
        log(prefect_server, run, "careful", level=30)
        set_state(prefect_server, run, "COMPLETED")
        code, out, err = ended(process)
    err = before + err
    assert code == 0
    assert out == f"{run['name']}: Completed\n"
    assert [err.count(text) for text in ("first", "late, of", "WARNING careful")] == [1, 1, 1]
    assert err.index("-> Running") < err.index("first") < err.index("-> Completed")


def test_a_state_that_lasts_shorter_than_a_poll_is_told(project, prefect_server):
    with start(project, prefect_server, "run", "run-me", "--wait") as process:
        run = run_named(prefect_server, name_of_run(process))
        for kind in ("PENDING", "RUNNING", "COMPLETED"):
            set_state(prefect_server, run, kind)
        _, _, err = ended(process)
    told = [line.strip() for line in err.splitlines() if "->" in line]
    assert told == ["-> Scheduled", "-> Pending", "-> Running", "-> Completed"]


def test_json_is_one_document_and_a_failed_run_exits_with_5(project, prefect_server):
    with start(project, prefect_server, "run", "run-me", "-p", "name=Bob", "--wait", "--format", "json") as process:
        run = run_named(prefect_server, name_of_run(process))
        set_state(prefect_server, run, "FAILED", "it broke")
        code, out, _ = ended(process)
    assert code == 5
    document = json.loads(out)
    assert document["deployment"] == "Deployment/run-me"
    assert document["flow_run"] == {
        "id": run["id"],
        "name": run["name"],
        "url": f"{prefect_server.url.removesuffix('/api')}/runs/flow-run/{run['id']}",
        "state": {"type": "FAILED", "name": "Failed", "message": "it broke"},
    }
    assert run["parameters"]["name"] == "Bob"


def test_without_wait_it_returns_at_once(project, prefect_server):
    code, out, _ = ended(start(project, prefect_server, "run", "Deployment/run-me"))
    assert code == 0
    assert prefect_server.get(f"/flow_runs/{out.strip()}")["state"]["type"] == "SCHEDULED"


def test_an_interrupt_leaves_the_run_going_and_says_so(project, prefect_server):
    with start(project, prefect_server, "run", "Deployment/run-me", "--wait") as process:
        run = run_named(prefect_server, name_of_run(process))
        process.stderr.readline()
        process.send_signal(signal.SIGINT)
        code, _, err = ended(process)
    assert code == 130
    assert f"{run['name']} goes on" in err
    assert "Traceback" not in err
    assert prefect_server.get(f"/flow_runs/{run['id']}")["state"]["type"] == "SCHEDULED"


@pytest.mark.parametrize(
    ("arguments", "code", "text"),
    [
        (["Deployment/run-mee"], 1, "did you mean `run-me`?"),
        (["Deployment/run-me", "--param", "times"], 1, "--param name=value"),
        (["Deployment/run-me", "--param", "times=often"], 1, "write integer"),
        (["Deployment/run-me", "--param", "tims=1"], 1, "did you mean `times`?"),
        (["Deployment/run-me", "--param", "x=1"], 1, "it takes name, times"),
        (["Deployment/run-me", "--job-variable", "comand=ls"], 1, "did you mean `command`?"),
        (["Deployment/run-me", "--job-variable", "stream_output=3"], 1, "write boolean"),
        (["Deployment/run-me", "--job-variable", "command"], 1, "--job-variable name=value"),
        (["Deployment/never-applied", "--wait", "--timeout", "0"], 1, "0"),
        (["Deployment/run-me", "--timeout", "3"], 1, "add --wait"),
        (["Deployment/run-me", "--cancel-unfinished"], 1, "add --wait"),
        (["something-else"], 1, "declared are never-applied, run-me"),
        (["Deployment/never-applied"], 4, "pfa-gitops apply"),
    ],
)
def test_what_is_wrong_is_a_problem_with_a_mend(project, prefect_server, arguments, code, text):
    found, out, err = ended(start(project, prefect_server, "run", *arguments))
    assert (found, out) == (code, "")
    assert text in err
    assert "Traceback" not in err


def test_a_project_without_deployments_says_so(tmp_path):
    (tmp_path / "pfa-gitops.yaml").write_text("apiVersion: pfa-gitops/v1\nkind: Project\nmetadata: {name: none}\n")
    (tmp_path / "manifests").mkdir()
    variable = "apiVersion: pfa-gitops/v1\nkind: Variable\nmetadata: {name: x}\nspec: {value: 1}\n"
    (tmp_path / "manifests" / "a.yaml").write_text(variable)
    done = Workdir(tmp_path).pfa("run", "foo")
    assert done.returncode == 1
    assert "this project declares no deployment" in done.stderr
    assert "remove it" not in done.stderr


def heartbeat(server, pool="run-pool"):
    server.post(f"/work_pools/{pool}/workers/heartbeat", {"name": "tester", "heartbeat_interval_seconds": 3600})


def test_a_job_variable_is_for_this_run_only(project, prefect_server):
    arguments = ("--job-variable", "command=echo hello", "--job-variable", 'env={"A": "1"}')
    code, out, err = ended(start(project, prefect_server, "run", "run-me", *arguments))
    assert code == 0, err
    run = prefect_server.get(f"/flow_runs/{out.strip()}")
    assert run["job_variables"] == {"command": "echo hello", "env": {"A": "1"}}
    assert prefect_server.get(f"/deployments/{run['deployment_id']}")["job_variables"] == {}


def test_a_run_that_waits_says_why(project, prefect_server):
    """Without a worker, then with one in a paused pool, then late though nothing is known to hold it up."""
    with start(project, prefect_server, "run", "run-me", "--wait", "--quiet") as process:
        said_until(process, "no worker polls the work pool run-pool")
        heartbeat(prefect_server)
        prefect_server.patch("/work_pools/run-pool", {"is_paused": True})
        said_until(process, "the work pool run-pool is paused")
        prefect_server.patch("/work_pools/run-pool", {"is_paused": False})
        said = said_until(process, "the run is late though a worker polls the work pool run-pool")
        process.send_signal(signal.SIGINT)
        code, _, err = ended(process)
    assert code == 130
    assert (said + err).count("is late though") == 1


def test_a_time_out_leaves_the_run_going_and_says_so(project, prefect_server):
    with start(project, prefect_server, "run", "run-me", "--wait", "--timeout", "2", "--format", "json") as process:
        run = run_named(prefect_server, name_of_run(process))
        set_state(prefect_server, run, "RUNNING")
        code, out, err = ended(process)
    document = json.loads(out)
    assert code == 5
    assert document["timed_out"] is True
    assert document["flow_run"]["state"]["type"] in {"RUNNING", "SCHEDULED"}
    assert f"not ended after 2 s; {run['name']} goes on" in err
    assert prefect_server.get(f"/flow_runs/{run['id']}")["state_type"] == "RUNNING"


@pytest.mark.parametrize("by", ["time-out", signal.SIGINT, signal.SIGTERM])
def test_a_run_is_cancelled_where_that_is_asked_for(project, prefect_server, by):
    timeout = "1" if by == "time-out" else "900"
    arguments = ("run-me", "--wait", "--cancel-unfinished", "--timeout", timeout)
    with start(project, prefect_server, "run", *arguments) as process:
        run = run_named(prefect_server, name_of_run(process))
        if by != "time-out":
            said_until(process, "-> ")
            process.send_signal(by)
        code, _, err = ended(process)
    assert code == {"time-out": 5, signal.SIGINT: 130, signal.SIGTERM: 143}[by], err
    assert f"{run['name']} is being cancelled" in err
    assert "Traceback" not in err
    assert prefect_server.get(f"/flow_runs/{run['id']}")["state_type"] in {"CANCELLING", "CANCELLED"}


@pytest.mark.parametrize(
    "kind", [*(pytest.param(kind, marks=pytest.mark.slow) for kind in ("FAILED", "CRASHED")), "CANCELLED"]
)
def test_every_other_end_exits_with_5(project, prefect_server, kind):
    with start(project, prefect_server, "run", "run-me", "--wait") as process:
        set_state(prefect_server, run_named(prefect_server, name_of_run(process)), kind)
        code, out, _ = ended(process)
    assert code == 5
    assert out.endswith(f": {kind.capitalize()}\n")


def outlives(project, prefect_server, away_s):
    """Follow a run through a relay that is gone for a while, with lines that are logged meanwhile."""
    with relay(prefect_server.url.removesuffix("/api")) as between:
        behind = Behind(prefect_server, f"{between.url}/api")
        with start(project, behind, "run", "run-me", "--wait") as process:
            run = run_named(prefect_server, name_of_run(process))
            set_state(prefect_server, run, "RUNNING")
            log(prefect_server, run, "before")
            said = said_until(process, "before")
            between.cut()
            log(prefect_server, run, "meanwhile")
            time.sleep(away_s)  # how long it is away is what this is about
            between.mend()
            said += said_until(process, "meanwhile")
            set_state(prefect_server, run, "COMPLETED")
            code, _, err = ended(process)
    assert code == 0, err
    assert [(said + err).count(text) for text in ("before", "meanwhile")] == [1, 1]
    return said + err


class Behind(NamedTuple):
    """A server as it is reached by another way."""

    server: PrefectServer
    url: str

    @property
    def environment(self):
        return {**self.server.environment, "PREFECT_API_URL": self.url}


def test_prefect_goes_away_and_comes_back(project, prefect_server):
    outlives(project, prefect_server, away_s=3)


@pytest.mark.slow  # it is away for longer than one request is tried for
def test_prefect_is_away_for_more_than_a_minute(project, prefect_server):
    said = outlives(project, prefect_server, away_s=75)
    assert "followed again when Prefect is back" in said
    assert said.count("note: Prefect is back\n") == 1
