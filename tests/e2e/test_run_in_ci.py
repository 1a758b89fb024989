"""The commands of docs/guides/run-in-ci.md as they stand there: a real worker turns the runs into jobs."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from support.prefect_worker import Workplace

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs" / "guides" / "run-in-ci.md").read_text()
COMMANDS = re.findall(r"```bash\n(.*?)```", GUIDE, re.DOTALL)
[WORKFLOW] = re.findall(r"```yaml\n(.*?)```", GUIDE, re.DOTALL)
STEPS = [step["run"] for step in yaml.safe_load(WORKFLOW)["jobs"]["count"]["steps"] if "run" in step]

PROJECT = """
apiVersion: pfa-gitops/v1
kind: Project
metadata: {name: ci}
spec: {environments: {prod: {default: true}}}
"""
MANIFESTS = """
apiVersion: pfa-gitops/v1
kind: WorkPool
metadata: {name: ci}
spec: {type: anyscale}
---
apiVersion: pfa-gitops/v1
kind: Deployment
metadata: {name: prefect-test}
spec:
  entrypoint: count.py:count_to
  work_pool: ci
  pull_steps: [{prefect.deployments.steps.set_working_directory: {directory: "FOLDER"}}]
  parameters: {highest_number: 2}
  job_variables: {env: {PREFECT_HOME: "FOLDER/job-home", DO_NOT_TRACK: "1"}}
"""
FLOW = """
import os
from prefect import flow

@flow(log_prints=True)
def count_to(highest_number: int):
    if highest_number < 0:
        raise ValueError("cannot count there")
    print(f"counted to {highest_number}", os.environ.get("COLOUR", "grey"))
"""


@pytest.fixture(scope="module")
def project(prefect_server, emulator, tmp_path_factory):
    """A project whose deployment is applied, and a worker that polls its pool."""
    folder = tmp_path_factory.mktemp("ci")
    (folder / "manifests").mkdir()
    (folder / "count.py").write_text(FLOW)
    (folder / "pfa-gitops.yaml").write_text(PROJECT)
    (folder / "manifests" / "all.yaml").write_text(MANIFESTS.replace("FOLDER", str(folder)))
    place = Workplace(prefect_server, emulator, folder, "ci")
    done = shell(folder, prefect_server, "pfa-gitops apply -e prod --auto-approve")
    assert done.returncode == 0, done.stderr
    place.start_worker({})
    yield folder
    place.stop_worker()


def shell(folder, server, script):
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        ["bash", "-e", "-c", script],
        cwd=folder,
        env={**os.environ, **server.environment, "PATH": path},
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )


@pytest.mark.slow  # each is a flow run; the test after it stands for them
@pytest.mark.parametrize("script", [*COMMANDS, STEPS[-1]])
def test_the_commands_of_the_guide(project, prefect_server, script):
    done = shell(project, prefect_server, script)
    assert done.returncode == 0, done.stderr
    assert ("1 worker online" if "status" in script else "Completed") in done.stdout
    if "--quiet" not in script:
        number = 3 if "highest_number=3" in script else 2
        colour = "red" if "COLOUR" in script else "grey"
        assert done.stderr.count(f"counted to {number} {colour}") == 1
        assert done.stderr.index("-> Running") < done.stderr.index("-> Completed")


@pytest.mark.slow  # a flow run; tests/integration/run has the exit codes
def test_a_run_that_fails_fails_the_ci_job(project, prefect_server):
    done = shell(project, prefect_server, "pfa-gitops run prefect-test -e prod --param highest_number=-1 --wait")
    assert done.returncode == 5
    assert "cannot count there" in done.stderr
    assert ": Failed" in done.stdout


def test_the_workflow_installs_the_package_before_it_runs_it():
    assert STEPS[0] == "pip install pfa-gitops"
