"""`pfa-gitops run` against a real server. No worker listens: the tests themselves move the run on."""

import json
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest
from support.commands import HEEDS_INTERRUPT

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
        (["Deployment/run-me", "--param", "times=often"], 4, "often"),
        (["Deployment/never-applied"], 4, "pfa-gitops apply"),
    ],
)
def test_what_is_wrong_is_a_problem_with_a_mend(project, prefect_server, arguments, code, text):
    found, out, err = ended(start(project, prefect_server, "run", *arguments))
    assert (found, out) == (code, "")
    assert text in err
    assert "Traceback" not in err
