"""Every Anyscale kind through everything it can do, against the emulator by the real SDK. The cases are data."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.anyscale_emulator import AnyscaleEmulator
from support.kind_cases import Case, Workbench, read_cases, run_case, run_emptied, run_left_out

from pfa_gitops.platforms.anyscale._client import AnyscaleClient
from pfa_gitops.platforms.anyscale._target import AnyscaleTarget

CASES = Path(__file__).parent / "anyscale" / "cases"
EMPTIED = [case for case in read_cases(CASES) if not case.path.stem.startswith("agent_")]
"""The other cases of an agent have the same fields, and a deploy takes half a second."""


@pytest.fixture
def own_emulator(tmp_path: Path) -> Iterator[AnyscaleEmulator]:
    """Another one, since the name of a deleted image can never be used again."""
    running = AnyscaleEmulator(tmp_path / "data", "--no-run-services").start()
    yield running
    running.stop()


@pytest.mark.parametrize("case", [pytest.param(case, id=case.path.stem) for case in read_cases(CASES)])
def test_create_change_each_field_and_delete(case: Case, quiet_emulator):
    async def scenario():
        async with AnyscaleClient(AnyscaleTarget.from_environment(quiet_emulator.env, Path())) as client:
            await run_case(case, Workbench({"anyscale": client}, CASES))

    asyncio.run(scenario())


@pytest.mark.slow
@pytest.mark.parametrize("case", [pytest.param(case, id=case.path.stem) for case in EMPTIED])
def test_what_is_null_or_empty_is_written_once(case: Case, own_emulator):
    async def scenario():
        async with AnyscaleClient(AnyscaleTarget.from_environment(own_emulator.env, Path())) as client:
            await run_emptied(case, Workbench({"anyscale": client}, CASES))

    asyncio.run(scenario())


@pytest.mark.slow
@pytest.mark.parametrize("case", [pytest.param(case, id=case.path.stem) for case in EMPTIED])
def test_what_leaves_a_manifest_goes_back_to_its_default(case: Case, own_emulator):
    async def scenario():
        async with AnyscaleClient(AnyscaleTarget.from_environment(own_emulator.env, Path())) as client:
            await run_left_out(case, Workbench({"anyscale": client}, CASES))

    asyncio.run(scenario())
