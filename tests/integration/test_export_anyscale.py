"""Each Anyscale kind's object with every field set: exported, read again and imported, against the emulator."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.anyscale_emulator import AnyscaleEmulator
from support.exporting import run_export
from support.kind_cases import Case, Workbench, read_cases

from pfa_gitops.platforms.anyscale._client import AnyscaleClient
from pfa_gitops.platforms.anyscale._target import AnyscaleTarget

CASES = Path(__file__).parent / "anyscale" / "cases"

UPLOADED = {
    "job_schedule_local": [
        ("JobSchedule/case-schedule-local", f"its code was uploaded from the working_dir {CASES / 'files'}")
    ]
}
"""What is told of the cases whose code came from a disk."""


@pytest.fixture(scope="module")
def quiet_emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AnyscaleEmulator]:
    """An emulator that only pretends that services run."""
    running = AnyscaleEmulator(tmp_path_factory.mktemp("quiet") / "data", "--no-run-services").start()
    yield running
    running.stop()


@pytest.mark.parametrize("case", [pytest.param(case, id=case.path.stem) for case in read_cases(CASES)])
def test_what_is_exported_is_what_is_there(case: Case, quiet_emulator, tmp_path):
    async def scenario():
        async with AnyscaleClient(AnyscaleTarget.from_environment(quiet_emulator.env, Path())) as client:
            await run_export(case, Workbench({"anyscale": client}, CASES), tmp_path, UPLOADED.get(case.path.stem, ()))

    asyncio.run(scenario())
