"""docs/guides/development.md: a flow on Ray as a plain script, as in an Anyscale workspace."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from support.anyscale_emulator import eventually
from support.prefect_server import PrefectServer
from support.ray_cluster import QUIET

SCRIPT = Path(__file__).parents[3] / "examples" / "development" / "count.py"


@pytest.mark.slow  # it starts Ray
def test_a_flow_on_ray_runs_as_a_script(prefect_server: PrefectServer, tmp_path: Path):
    with tempfile.TemporaryDirectory(prefix="r-", ignore_cleanup_errors=True) as ray_folder:
        done = subprocess.run(
            [sys.executable, str(SCRIPT)],
            cwd=tmp_path,
            env={**os.environ, **prefect_server.environment, **QUIET, "RAY_TMPDIR": ray_folder},
            capture_output=True,
            text=True,
            timeout=400,
            check=False,
        )
    assert done.returncode == 0, done.stderr[-3000:]
    runs = prefect_server.post("/flow_runs/filter", {"flows": {"name": {"any_": ["count-to"]}}})
    [run] = [run for run in runs if run["deployment_id"] is None]
    assert run["state_type"] == "COMPLETED"
    tasks = prefect_server.post("/task_runs/filter", {"flow_runs": {"id": {"any_": [run["id"]]}}})
    assert [task["name"].rpartition("-")[0] for task in tasks] == ["shout"] * 10
    wanted = {"logs": {"flow_run_id": {"any_": [run["id"]]}}}
    eventually(lambda: "counted to 10" in [line["message"] for line in prefect_server.post("/logs/filter", wanted)])
