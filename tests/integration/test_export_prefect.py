"""Each Prefect kind's object with every field set: exported, read again and imported, against a real server."""

import asyncio
from pathlib import Path

import pytest
from support.exporting import run_export
from support.kind_cases import Case, Workbench, read_cases

from pfa_gitops.platforms.prefect._client import PrefectClient
from pfa_gitops.platforms.prefect._target import PrefectTarget

CASES = Path(__file__).parent / "prefect" / "cases"


@pytest.mark.parametrize("case", [pytest.param(case, id=case.path.stem) for case in read_cases(CASES)])
def test_what_is_exported_is_what_is_there(case: Case, prefect_server, tmp_path):
    async def scenario():
        async with PrefectClient(PrefectTarget(prefect_server.url)) as client:
            await run_export(case, Workbench({"prefect": client}, CASES), tmp_path)

    asyncio.run(scenario())
