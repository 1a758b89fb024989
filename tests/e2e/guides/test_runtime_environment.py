"""docs/guides/runtime-environment.md: the flow's folder is on every node of the job's Ray cluster, which has two."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.anyscale_emulator import AnyscaleEmulator, eventually
from support.example_project import ExampleProject
from support.prefect_server import PrefectServer
from support.ray_cluster import QUIET, RayCluster, ray_cluster

pytestmark = pytest.mark.slow  # minutes

HOOKS = """
import os, pathlib

def leave_a_mark(runtime_env):
    pathlib.Path(os.environ["MARK"]).write_text(runtime_env["working_dir"])
    return runtime_env
"""


@pytest.fixture(scope="module")
def ray() -> Iterator[RayCluster]:
    with ray_cluster() as cluster:
        cluster.add_node({"second_node": 1})
        yield cluster


@pytest.fixture(scope="module")
def project(
    prefect_server: PrefectServer, emulator: AnyscaleEmulator, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ExampleProject]:
    found = ExampleProject("ray-nodes", tmp_path_factory.mktemp("nodes") / "project", prefect_server, emulator)
    found.apply()
    key = found.folder.parent / "key"
    key.write_text("pnu_made-up")
    source = json.dumps({"from_file": str(key)})
    with found.worker("ray-nodes", PREFECT_API_KEY="pnu_made-up", PFA_GITOPS_PREFECT_API_KEY_SOURCE=source):
        yield found


def found(pattern: str, text: str) -> str:
    match = re.search(pattern, text)
    assert match, text
    return match[1]


def test_a_task_on_the_second_node_imports_a_file_of_the_flow(project: ExampleProject, ray: RayCluster, tmp_path: Path):
    (tmp_path / "platforms_hooks.py").write_text(HOOKS)
    hook = {"PYTHONPATH": str(tmp_path), "RAY_RUNTIME_ENV_HOOK": "platforms_hooks.leave_a_mark"}
    # The emulator has no cluster of two nodes: the flow finds ours by the variable that Ray reads.
    env = {**QUIET, "RAY_ADDRESS": ray.address, **hook, "MARK": str(tmp_path / "mark")}
    run_id = project.run(project.id_of("convert/ray-nodes"), job_variables={"env": env})
    project.wait(run_id, {"COMPLETED"})
    assert eventually(lambda: "the rate came from" in project.logs(run_id))
    log = project.logs(run_id)
    assert "100 is 300" in log
    assert found("computed on node (.+)", log) != found("the flow runs on node (.+)", log)
    # It is not the flow's own copy of the file, but the one in the package that Ray has sent.
    assert "/working_dir_files/_ray_pkg_" in found("the rate came from (.+)", log)
    # A platform's own hook came after ours, and saw the folder where Prefect had put the code.
    sent = Path((tmp_path / "mark").read_text())
    assert (sent / "flows" / "rates.py").is_file()
    assert sent != project.folder


def test_the_jobs_log_begins_with_the_runs_page(project: ExampleProject):
    [run] = project.runs_of("convert/ray-nodes")
    log = project.emulator.data_dir / "runs" / project.job(run["id"])["last_job_run_id"] / "output.log"
    page = f"{project.server.url.removesuffix('/api')}/runs/flow-run/{run['id']}"
    assert log.read_text().splitlines()[0] == f"Flow run: {page}"
