"""Jobs on a real Ray cluster through Ray's job API, alone and as runs of a deployment."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest
from pfa_gitops.runner.infrastructures import RayInfrastructure
from support.anyscale_emulator import eventually
from support.prefect_worker import Workplace

from pfa_gitops.model.errors import MaybeArrived, NotFound, Unreachable
from pfa_gitops.runner import ray_jobs
from pfa_gitops.runner.infra import RayJobInfra
from pfa_gitops.runner.ray_jobs import RayJobs
from pfa_gitops.runner.submission import Job

FLOW = """
    from prefect import flow

    @flow(log_prints=True)
    def run():
        print("this ran on Ray")
    """


def free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """A Ray cluster of our own: where its dashboard listens."""
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="r-", ignore_cleanup_errors=True) as folder:
        command = [str(Path(sys.executable).parent / "ray"), "start", "--head", "--block", "--num-cpus=2", "--port=0"]
        command += ["--include-dashboard=true", f"--dashboard-port={port}", f"--temp-dir={folder}"]
        command += [f"--dashboard-agent-listen-port={free_port()}", "--object-store-memory=100000000"]
        programs = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        variables = {**os.environ, "PATH": programs, "RAY_USAGE_STATS_ENABLED": "0", "RAY_AUTH_MODE": "disabled"}
        with (Path(folder) / "start.log").open("wb") as log:
            ray = subprocess.Popen(command, env=variables, stdout=log, stderr=log, start_new_session=True)
        try:
            where = f"http://127.0.0.1:{port}"
            eventually(lambda: answers(where), pause_s=1)
            yield where
        finally:
            for pid in {*processes_of(folder), ray.pid}:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)  # Ray's own way to end takes half a minute
            ray.wait(60)


def processes_of(folder: str) -> list[int]:
    """The processes of the Ray whose files lie in the folder: each has it on its command line."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            if folder.encode() in path.read_bytes():
                found.append(int(path.parent.name))
    return found


def answers(address: str) -> bool:
    try:
        asyncio.run(RayJobs(address).state("nothing"))
    except NotFound:
        return True
    except Unreachable:
        return False
    return True


def finished(ray: RayInfrastructure, job_id: str):
    return eventually(lambda: (now := asyncio.run(ray.state(job_id))).finished and now, pause_s=0.5)


def test_a_job_runs_and_its_log_can_be_read(address: str):
    ray = RayInfrastructure(RayJobInfra(type="ray-job", address=address, entrypoint_num_cpus=1))
    job_id = asyncio.run(ray.submit(Job("good-1", {"team": "ml"}, {"WORD": "hello"}, "echo $WORD")))
    assert job_id == "good-1"
    assert finished(ray, job_id).succeeded
    assert eventually(lambda: "hello" in asyncio.run(ray.log_tail(job_id, 5)).splitlines())


def test_a_job_is_stopped(address: str):
    ray = RayInfrastructure(RayJobInfra(type="ray-job", address=address))
    job_id = asyncio.run(ray.submit(Job("long-1", {}, {}, "sleep 300")))
    eventually(lambda: asyncio.run(ray.state(job_id)).status == "RUNNING")
    asyncio.run(ray.stop(job_id))
    assert finished(ray, job_id).status == "STOPPED"


def test_a_second_try_follows_the_job_that_lives_and_replaces_the_one_that_died(address: str):
    ray = RayInfrastructure(RayJobInfra(type="ray-job", address=address))
    dying = Job("again-0", {}, {}, "exit 3")
    assert asyncio.run(ray.submit(dying)) == "again-0"
    finished(ray, "again-0")
    lasting = Job("again-0", {}, {}, "sleep 300", former="again-0")
    assert asyncio.run(ray.submit(lasting)) == "again-0-2"
    assert asyncio.run(ray.submit(lasting)) == "again-0-2"
    asyncio.run(ray.stop("again-0-2"))


def test_a_ray_that_says_nothing_is_given_up_and_may_have_got_the_job(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(ray_jobs, "SUBMIT_TIMEOUT_S", 0.5)
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        ray = RayJobs(f"http://127.0.0.1:{silent.getsockname()[1]}", timeout_s=0.5)
        with pytest.raises(Unreachable, match="gave no answer"):
            asyncio.run(ray.state("x"))
        with pytest.raises(MaybeArrived):
            asyncio.run(ray.submit({"submission_id": "x", "entrypoint": "true"}))


def test_nobody_there_is_said_in_our_words():
    with pytest.raises(Unreachable, match=r"127\.0\.0\.1:1"):
        asyncio.run(RayJobs("http://127.0.0.1:1").state("x"))


def test_the_same_worker_sends_a_ray_jobs_run_to_ray(workplace: Workplace, address: str):
    workplace.block("ray-job", "on-ray", {"address": address, "env": {"WHERE": "ray"}})
    variables = {"infra": "{{ prefect.blocks.ray-job.on-ray }}", "command": "echo died on $WHERE; exit 3"}
    run_id = workplace.run(workplace.deployment("doomed-on-ray", FLOW, variables))
    run = workplace.wait(run_id, {"CRASHED"})
    assert "ended as FAILED" in run["state"]["message"]
    assert run["infrastructure_pid"].endswith(f"{run_id}-0")
    eventually(lambda: "last lines" in workplace.logs(run_id))
    assert "died on ray" in workplace.logs(run_id)


@pytest.mark.slow  # the same path with a quick command: the test before
def test_a_flow_completes_on_ray(workplace: Workplace, address: str):
    home = {"PREFECT_HOME": str(workplace.folder / "ray-home"), "DO_NOT_TRACK": "1"}
    workplace.block("ray-job", "flow-on-ray", {"address": address, "env": home})
    variables = {"infra": "{{ prefect.blocks.ray-job.flow-on-ray }}"}
    run_id = workplace.run(workplace.deployment("completes-on-ray", FLOW, variables))
    workplace.wait(run_id, {"COMPLETED"})
    assert eventually(lambda: "this ran on Ray" in workplace.logs(run_id))
