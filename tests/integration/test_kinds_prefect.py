"""Every Prefect kind through everything it can do, against a real server. The cases are data."""

import asyncio
from pathlib import Path

import pytest
from support.kind_cases import Case, Workbench, read_cases, run_case, run_emptied, run_left_out

from pfa_gitops.platforms.prefect import _slots
from pfa_gitops.platforms.prefect._client import PrefectClient
from pfa_gitops.platforms.prefect._target import PrefectTarget

CASES = Path(__file__).parent / "prefect" / "cases"
EMPTIED = [case for case in read_cases(CASES) if case.path.stem not in {"automation", "automation_composite"}]
"""These two, with all actions and nested triggers, would take ten minutes: `automation_few` stands for them."""


@pytest.fixture(autouse=True)
def hasty(monkeypatch):
    """Whether Prefect's scheduler was quicker is `prefect/test_runs.py`'s affair."""
    monkeypatch.setattr(_slots, "SCHEDULER_S", 0.0)


LONG = {"automation", "deployment_schedules"}
"""Dozens of writes of many parts each: `automation_few` and `deployment` have some of them."""
MARKED = [
    pytest.param(case, id=case.path.stem, marks=[pytest.mark.slow] if case.path.stem in LONG else [])
    for case in read_cases(CASES)
]


@pytest.mark.parametrize("case", MARKED)
def test_create_change_each_field_and_delete(case: Case, prefect_server):
    async def scenario():
        async with PrefectClient(PrefectTarget(prefect_server.url)) as client:
            await run_case(case, Workbench({"prefect": client}, CASES))

    asyncio.run(scenario())


@pytest.mark.slow
@pytest.mark.parametrize("case", [pytest.param(case, id=case.path.stem) for case in EMPTIED])
def test_what_is_null_or_empty_is_written_once(case: Case, prefect_server):
    async def scenario():
        async with PrefectClient(PrefectTarget(prefect_server.url)) as client:
            await run_emptied(case, Workbench({"prefect": client}, CASES))

    asyncio.run(scenario())


@pytest.mark.slow
@pytest.mark.parametrize("case", [pytest.param(case, id=case.path.stem) for case in read_cases(CASES)])
def test_what_leaves_a_manifest_goes_back_to_its_default(case: Case, prefect_server):
    async def scenario():
        async with PrefectClient(PrefectTarget(prefect_server.url)) as client:
            await run_left_out(case, Workbench({"prefect": client}, CASES))

    asyncio.run(scenario())
