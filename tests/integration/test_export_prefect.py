"""Each Prefect kind's object with every field set: exported, read again and imported, against a real server."""

import asyncio
from pathlib import Path

import pytest
from support.exporting import exported, run_export
from support.kind_cases import Case, Workbench, read_cases
from support.prefect_bench import Wire, run

from pfa_gitops.model.values import Key
from pfa_gitops.platforms.prefect._client import PrefectClient
from pfa_gitops.platforms.prefect._target import PrefectTarget

CASES = Path(__file__).parent / "prefect" / "cases"

QUICK = {
    "automation_few",
    "block_service_account",
    "deployment",
    "infra_block_ray",
    "variable",
    "work_pool",
    "work_queue",
}
"""The others run in the slow suite."""
MARKED = [
    pytest.param(case, id=case.path.stem, marks=[] if case.path.stem in QUICK else [pytest.mark.slow])
    for case in read_cases(CASES)
]


@pytest.mark.parametrize("case", MARKED)
def test_what_is_exported_is_what_is_there(case: Case, prefect_server, tmp_path):
    async def scenario():
        async with PrefectClient(PrefectTarget(prefect_server.url)) as client:
            await run_export(case, Workbench({"prefect": client}, CASES), tmp_path)

    asyncio.run(scenario())


def test_many_objects_cost_no_more_requests_than_few(prefect_server, tmp_path):
    """Bulk listings only, and nothing but reads."""
    pool, flow = "export-many", prefect_server.post("/flows/", {"name": "export-many"})
    prefect_server.post("/work_pools/", {"name": pool, "type": "process"})
    keys = [Key("WorkPool", pool)]
    for number in range(5):
        prefect_server.post(f"/work_pools/{pool}/queues", {"name": f"q{number}"})
        body = {"name": f"d{number}", "flow_id": flow["id"], "work_pool_name": pool, "path": "/srv"}
        prefect_server.post("/deployments/", {**body, "work_queue_name": f"q{number}", "entrypoint": "a.py:a"})
        prefect_server.post("/variables/", {"name": f"export-many-{number}", "value": number})
        keys += [Key("Deployment", f"export-many/d{number}"), Key("Variable", f"export-many-{number}")]

    def requests(wanted):
        wire = Wire()
        done = run(prefect_server, lambda bench: exported(bench, tmp_path / str(len(wanted)), wanted), wire)
        assert len(done.manifests) == len(wanted)
        assert done.remarks == ()
        assert {name for name in wire.sent if name.startswith("POST") and not name.endswith("/filter")} == set()
        assert {name.partition(" ")[0] for name in wire.sent} <= {"GET", "POST"}
        return wire.sent.total()

    assert requests(keys) == requests(keys[:3])
