"""Every kind from state to state: made, changed, renamed, made anew, removed, made again. The tables are data.

After each step a plan finds nothing to do, and a second apply sends no write to either platform. A table is a list of
steps: the `objects` that the manifests name, `moved` names, what apply `does` to which object, and the `queues` that a
pool has then.
"""

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from support.generated_projects import FILES, FOREIGN_POOL, PREFIX, named
from support.live_project import LiveProject, Version, live_project

from pfa_gitops.platforms.registry import kinds

HERE = Path(__file__).parent
TABLES = sorted(HERE.glob("*/transitions/*.yaml"))
QUICK = {"variable", "work_queue", "compute_config"}
"""The others run in the slow suite."""


@pytest.fixture
def project(tmp_path, prefect_server, quiet_emulator) -> Iterator[LiveProject]:
    prefix = f"t{uuid.uuid4().hex[:8]}"
    foreign = FOREIGN_POOL.replace(PREFIX, prefix)
    prefect_server.post("/work_pools/", {"name": foreign, "type": "process"})
    with live_project(prefix, tmp_path / "project", prefect_server, quiet_emulator, [f"WorkPool/{foreign}"]) as made:
        for name, text in FILES.items():
            (made.folder / name).write_text(text)
        yield made


def test_every_kind_has_a_table():
    assert {path.stem.replace("_", "") for path in TABLES} == {kind.lower() for kind in kinds()}


@pytest.mark.parametrize(
    "path",
    [pytest.param(path, id=path.stem, marks=() if path.stem in QUICK else pytest.mark.slow) for path in TABLES],
)
def test_each_step_does_what_it_should_and_then_there_is_nothing_to_do(
    path: Path, project: LiveProject, prefect_server
):
    for number, step in enumerate(yaml.safe_load(path.read_text()), start=1):
        version = named(Version(step["objects"], step.get("moved", {})), project.name)
        wanted = {address.replace(PREFIX, project.name): action for address, action in step["does"].items()}
        assert project.apply(version) == wanted, f"step {number}"
        project.expect_nothing_to_do(version)
        for pool, queues in step.get("queues", {}).items():
            path = f"/work_pools/{pool.replace(PREFIX, project.name)}/queues/filter"
            assert sorted(queue["name"] for queue in prefect_server.post(path)) == queues, f"step {number}"
    project.destroy()


@pytest.mark.slow
def test_an_object_of_another_cloud_is_not_left_behind(project, quiet_emulator):
    """A job's schedule that stays in one cloud while another one is made elsewhere runs the job twice."""
    quiet_emulator.call("POST", "/_emulator/clouds", {"name": "second"})

    def version(cloud: str) -> Version:
        job = {"entrypoint": "python a.py", "cloud": cloud}
        return named(
            Version({f"JobSchedule/{PREFIX}-j": {"cron_expression": "@daily", "job_config": job}}), project.name
        )

    project.apply(version("local-cloud"))
    refused = project.try_apply(version("second"))
    assert refused.code == 1
    assert "was made in the cloud local-cloud, and would stay there beside a new one" in refused.stderr
    project.apply(Version({}))
    project.apply(version("second"))
    project.expect_nothing_to_do(version("second"))
    project.destroy()
