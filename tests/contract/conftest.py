"""The real SDK in this process, and the real CLI in processes of its own, against one emulator."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from support.anyscale_emulator import PATIENCE_S, AnyscaleEmulator, client_environment, import_sdk

_HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The SDK warns of its own defaults, uses what is deprecated, and leaves sockets open; not ours to mend."""
    for item in items:
        if _HERE in item.path.parents:
            item.add_marker(pytest.mark.filterwarnings("ignore:The 'max_retries' option was not specified:UserWarning"))
            item.add_marker(pytest.mark.filterwarnings("ignore:GitWildMatchPattern:DeprecationWarning"))
            item.add_marker(pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning"))


@pytest.fixture(scope="session")
def sdk(emulator: AnyscaleEmulator) -> Any:
    """The ``anyscale`` module, logged in."""
    return import_sdk(emulator)


@pytest.fixture
def faulty(emulator: AnyscaleEmulator):
    """The emulator for a test that sets faults: they are gone afterwards."""
    yield emulator
    emulator.clear_faults()


@pytest.fixture
def cli(emulator: AnyscaleEmulator, tmp_path: Path):
    """Run ``anyscale …`` in an empty folder; the finished process."""

    def run(*arguments: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(Path(sys.executable).parent / "anyscale"), *arguments],
            env={**client_environment(emulator), **(env or {})},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )

    return run


@pytest.fixture
def run_job(sdk: Any):
    """Submit a job and wait for its end; its id."""

    def run(name: str, entrypoint: str, wait: bool = True, **values: Any) -> str:
        job_id = sdk.job.submit(
            sdk.job.models.JobConfig(name=name, entrypoint=entrypoint, **{"max_retries": 0, **values})
        )
        if wait:
            # The public wait polls every 10 s.
            sdk.job._private.job_sdk.PrivateJobSDK().wait(job_id=job_id, interval_s=0.1, timeout_s=PATIENCE_S)
        return job_id

    return run
