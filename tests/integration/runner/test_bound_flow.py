"""`@anyscale_job` on a flow: called like a function, it runs as a job on the emulator; the bundle goes by a folder."""

import base64
import gzip
import json
import os
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from support.anyscale_emulator import PATIENCE_S, AnyscaleEmulator, eventually
from support.prefect_server import PrefectServer

import pfa_gitops
from pfa_gitops.runner.documents import FILE

CALLERS_KEY = "pnu_the-callers-own-key"

FOLDER_STORAGE = """
import shutil, sys
from pathlib import Path
from prefect.bundles.execute import execute_bundle_from_file

if __name__ == "__main__":
    folder, key, *source = sys.argv[2], sys.argv[4], *sys.argv[5:]
    if source:
        shutil.copy(source[0], Path(folder, key))
    else:
        execute_bundle_from_file(str(Path(folder, key)))
"""

BOUND = """
import json, os, pathlib
from prefect import flow
from pfa_gitops import anyscale_job

@anyscale_job(work_pool="bound", timeout_s=300, env={"COLOUR": "red", "PREFECT_HOME": os.environ["FOLDER"] + "/home"})
@flow(persist_result=True)
def paint(thing: str):
    return f"{os.environ['COLOUR']} {thing} in {os.environ.get('ANYSCALE_HA_JOB_ID', 'no job')}"

if __name__ == "__main__":
    pathlib.Path(os.environ["FOLDER"], "painted.json").write_text(json.dumps(paint("door")))
"""


@pytest.fixture
def environment(prefect_server: PrefectServer, emulator: AnyscaleEmulator, tmp_path: Path) -> dict[str, str]:
    (tmp_path / "bundles").mkdir()
    (tmp_path / "folder_storage.py").write_text(textwrap.dedent(FOLDER_STORAGE))
    step = {"folder_storage": {"folder": str(tmp_path / "bundles"), "launcher": [sys.executable]}}
    execution = {
        "folder_storage": {**step["folder_storage"], "launcher": ["env", f"PYTHONPATH={tmp_path}", sys.executable]}
    }
    pool = {
        "name": "bound",
        "type": "anyscale",
        "base_job_template": json.loads(FILE.read_text())["base_job_template"],
        "storage_configuration": {"bundle_upload_step": step, "bundle_execution_step": execution},
    }
    prefect_server.post("/work_pools/", pool)
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
    results = {"PREFECT_LOCAL_STORAGE_PATH": str(tmp_path / "results"), "FOLDER": str(tmp_path)}
    # Prefect pickles packages outside of site-packages as the flow's own code. Here ours is installed editable.
    installed = tmp_path / "site-packages"
    shutil.copytree(Path(pfa_gitops.__file__).parent, installed / "pfa_gitops")
    paths = {"PYTHONPATH": f"{tmp_path}:{installed}", "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    (tmp_path / "key").write_text("pnu_the-jobs-key")
    source = json.dumps({"from_file": str(tmp_path / "key")})
    keys = {"PREFECT_API_KEY": CALLERS_KEY, "PFA_GITOPS_PREFECT_API_KEY_SOURCE": source}
    quick = {"PFA_GITOPS_JOB_POLL_SECONDS": "1", **keys}
    return {**inherited, **prefect_server.environment, **emulator.env, **results, **paths, **quick}


def test_a_bound_flow_is_called_like_a_function_and_runs_as_a_job(
    environment: dict[str, str], prefect_server: PrefectServer, emulator: AnyscaleEmulator, tmp_path: Path
):
    (tmp_path / "bound.py").write_text(BOUND)
    command = [sys.executable, str(tmp_path / "bound.py")]
    done = subprocess.run(
        command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=PATIENCE_S * 3
    )
    assert done.returncode == 0, done.stderr
    painted = json.loads((tmp_path / "painted.json").read_text())
    assert painted.startswith("red door in prodjob_")
    job = emulator.job(painted.split()[-1])
    assert "folder_storage" in job["config"]["entrypoint"]
    assert job["config"]["timeout_s"] == 300
    eventually(lambda: emulator.job(job["id"])["current_state"] == "SUCCESS")
    [run] = prefect_server.post("/flow_runs/filter", {"flows": {"name": {"any_": ["paint"]}}})
    assert (run["state_type"], run["work_pool_name"]) == ("COMPLETED", "bound")
    assert CALLERS_KEY not in json.dumps(job)

    [bundle] = (tmp_path / "bundles").iterdir()
    context = gzip.decompress(base64.b64decode(json.loads(bundle.read_text())["context"]))
    assert CALLERS_KEY.encode() in context  # that is Prefect's way: docs/guides/jobs-in-a-flow.md says so
