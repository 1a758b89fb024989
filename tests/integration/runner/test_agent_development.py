"""Development mode: the agent's worker and its jobs run the package that lies in the agent's working directory."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.agent import agents_answer, deploy_agent
from support.anyscale_emulator import AnyscaleEmulator, eventually
from support.prefect_server import PrefectServer
from support.prefect_worker import FINAL, Workplace

pytestmark = pytest.mark.slow  # minutes

ROOT = Path(__file__).parents[3]
PARTS = ("pyproject.toml", "README.md", "LICENSE", "pfa_gitops", "examples")
FLOW = """
    from pathlib import Path

    import pfa_gitops
    from prefect import flow

    @flow
    def run(path: str):
        Path(path).write_text(f"{getattr(pfa_gitops, 'MARK', None)} {pfa_gitops.__file__}")
    """


@pytest.fixture
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AnyscaleEmulator]:
    running = AnyscaleEmulator(tmp_path_factory.mktemp("development") / "data").start()
    yield running
    running.stop()


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of this project in which somebody works: another version, and a mark in the code."""
    copy = tmp_path / "checkout"
    copy.mkdir()
    for part in PARTS:
        source = ROOT / part
        if source.is_dir():
            shutil.copytree(source, copy / part, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, copy / part)
    project = copy / "pyproject.toml"
    project.write_text(project.read_text().replace('version = "0.1.0"', 'version = "0.1.0+fork"'))
    module = copy / "pfa_gitops" / "__init__.py"
    module.write_text(module.read_text() + '\nMARK = "a fork"\n')
    worker = copy / "pfa_gitops" / "runner" / "collection.py"
    note = f'\nfrom pathlib import Path\nPath("{tmp_path}/worker").write_text(__file__)\n'
    worker.write_text(worker.read_text() + note)
    return copy


def test_the_worker_and_its_jobs_run_the_uploaded_package(
    emulator: AnyscaleEmulator, prefect_server: PrefectServer, checkout: Path, tmp_path: Path
):
    place = Workplace(prefect_server, emulator, tmp_path, "development-pool")
    before = installed()
    service = deploy_agent(place, "developing", {"development": True}, working_dir=str(checkout))
    said = eventually(lambda: (now := agents_answer(emulator, service)).get("ready") and now, timeout_s=300)
    assert said["development"] is True
    assert Path((tmp_path / "worker").read_text()).parts[-4:] == ("code", "pfa_gitops", "runner", "collection.py")

    infra = {"env": {"PREFECT_HOME": str(tmp_path / "job-home"), "DO_NOT_TRACK": "1"}}
    run = place.run(place.deployment("developed", FLOW, {"infra": infra}), parameters={"path": str(tmp_path / "job")})
    assert place.wait(run, FINAL)["state_type"] == "COMPLETED"
    mark, _, file = (tmp_path / "job").read_text().rpartition(" ")
    assert mark == "a fork"
    assert Path(file).is_relative_to(emulator.data_dir), "the job's own copy, which was uploaded for it"
    assert installed() == before, "what others share is as it was"


def installed() -> list[str]:
    """What is installed beside this test's own interpreter, which is the agent's as well."""
    import prefect  # noqa: PLC0415 - two seconds

    return sorted(path.name for path in Path(prefect.__file__).parents[1].glob("*.dist-info"))
