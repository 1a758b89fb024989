"""The quickstart against a real Prefect server and the emulator, by the commands that people type."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

QUICKSTART = Path(__file__).parents[2] / "examples" / "quickstart"
CREATED = {
    "WorkPool/anyscale",
    "ComputeConfig/test-compute-config",
    "Image/prefect-test-environment",
    "InfraBlock/test-infra",
    "Block/test-storage",
    "Agent/prefect-agent",
    "Deployment/prefect-test",
}


class Project:
    """A copy of the quickstart and the commands in it."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self.folder = folder
        self.environment = {**os.environ, **environment}

    def pfa(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "pfa_gitops.cli.app", *arguments],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=500,
            check=False,
        )

    def document(self, *arguments: str, code: int = 0) -> dict:
        done = self.pfa(*arguments, "--format", "json")
        assert done.returncode == code, done.stderr
        return json.loads(done.stdout)


@pytest.fixture(scope="module")
def project(tmp_path_factory, prefect_server, emulator):
    folder = tmp_path_factory.mktemp("quickstart")
    shutil.copytree(QUICKSTART, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns(".pfa-gitops"))
    yield Project(folder, {**prefect_server.environment, **emulator.env})
    for service in emulator.call("GET", "/api/v2/services-v2/?name=prefect-agent&count=50")["results"]:
        emulator.call("POST", f"/api/v2/services-v2/{service['id']}/terminate")


@pytest.mark.slow  # a minute and more: a Serve service and a Ray job. `make demo` tells the same story
def test_the_story(project):
    planned = project.document("plan")
    assert {change["address"] for change in planned["changes"]} == CREATED
    assert {change["action"] for change in planned["changes"]} == {"create"}

    applied = project.pfa("apply", "--auto-approve")
    assert applied.returncode == 0, applied.stderr
    assert project.document("plan", "--detailed-exitcode")["summary"]["unchanged"] == len(CREATED)

    followed = project.pfa("run", "Deployment/prefect-test", "--param", "highest_number=3", "--wait")
    assert followed.returncode == 0, followed.stderr
    for line in ("-> Running", "counted to 3", "-> Completed"):
        assert line in followed.stderr
    assert "#3" not in followed.stderr

    file = project.folder / "manifests" / "deployment.yaml"
    file.write_text(file.read_text().replace("highest_number: 10", "highest_number: 12"))
    planned = project.document("plan", "--detailed-exitcode", code=2)
    [change] = [change for change in planned["changes"] if change["action"] != "none"]
    assert change["address"] == "Deployment/prefect-test"
    assert [(field["path"], field["before"], field["after"]) for field in change["fields"]] == [
        ("parameters.highest_number", 10, 12)
    ]
    assert project.pfa("apply", "--auto-approve").returncode == 0
    assert project.pfa("plan", "--detailed-exitcode").returncode == 0
