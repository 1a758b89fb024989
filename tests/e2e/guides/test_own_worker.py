"""docs/guides/own-worker.md: the package, installed as anybody would, brings a worker that executes a run."""

import subprocess
import sys
from pathlib import Path

import pytest
from support.anyscale_emulator import AnyscaleEmulator, eventually
from support.example_project import ExampleProject
from support.prefect_server import PrefectServer

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The Python of a fresh environment in which nothing is but the package and what it needs."""
    folder = tmp_path_factory.mktemp("fresh") / "venv"
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    python = str(folder / "bin" / "python")
    versions = ["--constraint", str(ROOT / "constraints.txt")]
    install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *versions, str(ROOT)]
    done = subprocess.run(install, capture_output=True, text=True, check=False, timeout=1500)
    assert done.returncode == 0, done.stderr[-3000:]
    return python


@pytest.mark.slow  # it installs some hundred packages
@pytest.mark.timeout(2000)
def test_an_installed_worker_executes_a_run(
    installed: str, prefect_server: PrefectServer, emulator: AnyscaleEmulator, tmp_path: Path
):
    project = ExampleProject("infra-blocks", tmp_path / "project", prefect_server, emulator)
    project.apply()
    with project.worker("infra-blocks", program=installed):
        run_id = project.run(project.id_of("say-colour/inline"), job_variables={"env": {"COLOUR": "violet"}})
        project.wait(run_id, {"COMPLETED"})
        assert eventually(lambda: "the colour is violet" in project.logs(run_id))
