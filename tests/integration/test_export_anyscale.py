"""Each Anyscale kind's object with every field set: exported, read again and imported, against the emulator."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest
from support.exporting import exported, read, run_export, show_lost, texts
from support.kind_cases import Case, Workbench, read_cases, show

from pfa_gitops.convert.values import Sort
from pfa_gitops.model.values import Action, Key
from pfa_gitops.platforms.anyscale._client import AnyscaleClient
from pfa_gitops.platforms.anyscale._target import AnyscaleTarget

CASES = Path(__file__).parent / "anyscale" / "cases"

UPLOADED = {
    "job_schedule_local": [
        ("JobSchedule/case-schedule-local", f"its code was uploaded from the working_dir {CASES / 'files'}")
    ]
}
"""What is told of the cases whose code came from a disk."""


@pytest.mark.parametrize("case", [pytest.param(case, id=case.path.stem) for case in read_cases(CASES)])
def test_what_is_exported_is_what_is_there(case: Case, quiet_emulator, tmp_path):
    async def scenario():
        async with AnyscaleClient(AnyscaleTarget.from_environment(quiet_emulator.env, Path())) as client:
            await run_export(case, Workbench({"anyscale": client}, CASES), tmp_path, UPLOADED.get(case.path.stem, ()))

    asyncio.run(scenario())


PROGRAM = """
import anyscale
from anyscale.compute_config.models import ComputeConfig, HeadNodeConfig, WorkerNodeGroupConfig
from anyscale.job.models import JobConfig
from anyscale.schedule.models import ScheduleConfig
from anyscale.service.models import ServiceConfig

group = WorkerNodeGroupConfig(instance_type="g5.4xlarge", max_nodes=4)
for size in ("m5.large", "m5.2xlarge"):
    head = HeadNodeConfig(instance_type=size)
    anyscale.compute_config.create(ComputeConfig(head_node=head, worker_nodes=[group]), name="by-sdk")
anyscale.compute_config.create(ComputeConfig(worker_nodes=[group]), name="by-sdk-default")
anyscale.image.register("registry.example.com/team/sdk:1", name="by-sdk")
application = {"import_path": "app:app", "args": {"model": "small"}}
uploaded = ServiceConfig(name="by-sdk", applications=[application], working_dir=".", compute_config="by-sdk:1")
anyscale.service.deploy(uploaded)
remote = {**application, "name": "api", "route_prefix": "/", "runtime_env": {"env_vars": {"DB_PASSWORD": "hunter-2"}}}
other = {**application, "name": "b", "route_prefix": "/b"}
image = "registry.example.com/team/sdk:1"
anyscale.service.deploy(ServiceConfig(name="by-sdk-remote", applications=[remote, other], image_uri=image))
job = JobConfig(name="by-sdk", entrypoint="python main.py", compute_config="by-sdk", env_vars={"A": "b"}, max_retries=0)
anyscale.schedule.apply(ScheduleConfig(job_config=job, cron_expression="0 3 * * *", timezone="UTC"))
"""
BY_SDK = (
    "ComputeConfig/by-sdk",
    "ComputeConfig/by-sdk-default",
    "Image/by-sdk",
    "JobSchedule/by-sdk",
    "Service/by-sdk",
    "Service/by-sdk-remote",
)


def test_what_the_sdk_made_is_exported_and_a_plan_finds_nothing_to_change(quiet_emulator, tmp_path):
    made, folder = tmp_path / "made", tmp_path / "project"
    made.mkdir()
    (made / "app.py").write_text("app = None\n")
    environment = {**os.environ, **quiet_emulator.env}
    subprocess.run([sys.executable, "-W", "ignore", "-c", PROGRAM], cwd=made, env=environment, check=True)

    async def scenario():
        async with AnyscaleClient(AnyscaleTarget.from_environment(quiet_emulator.env, Path())) as client:
            bench = Workbench({"anyscale": client}, folder)
            done = await exported(bench, folder, [Key(*name.split("/")) for name in BY_SDK])
            manifests = read(folder, {"BY_SDK_REMOTE_DB_PASSWORD": "hunter-2"}).manifests
            return done, (await bench.plan(manifests)).changes

    quiet_emulator.forget_requests()
    done, changes = asyncio.run(scenario())
    assert sorted(str(change.address) for change in changes) == list(BY_SDK)
    assert [show(change) for change in changes if change.action is not Action.NONE] == []
    lost = [show_lost(remark) for remark in done.remarks if remark.sort is Sort.LOST]
    assert lost == [("Service/by-sdk", "its code was uploaded from the working_dir .")]
    text = texts(folder)
    assert "hunter-2" not in text
    assert "compute_config: by-sdk:1\n" in text  # the service's, which is not the latest
    assert "    compute_config: by-sdk\n" in text  # the schedule's
    assert not [path for method, path in quiet_emulator.requests() if method in {"PUT", "PATCH", "DELETE"}]
