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
from typing import Any
from uuid import uuid4

import pytest
from support.anyscale_emulator import AnyscaleEmulator, eventually
from support.prefect_server import PrefectServer
from support.prefect_worker import Workplace

from pfa_gitops.model.errors import Invalid, MaybeArrived, NotFound, Unreachable
from pfa_gitops.platforms.anyscale._jobs import JobState
from pfa_gitops.runner import ray_jobs
from pfa_gitops.runner.infra import RayJobInfra
from pfa_gitops.runner.places import SeenJob
from pfa_gitops.runner.places.ray import RayPlace
from pfa_gitops.runner.ray_jobs import RayJobs
from pfa_gitops.runner.submission import POOL_TAG, Job, job_name

QUICK = {
    "PFA_GITOPS_CLAIM_SECONDS": "4",
    "PFA_GITOPS_CANCEL_GRACE_SECONDS": "3",
    "PFA_GITOPS_ORPHAN_GRACE_SECONDS": "3",
}

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


async def open_place(address: str) -> RayPlace:
    jobs = RayJobs(address)
    return RayPlace(jobs, await jobs.session())


@pytest.fixture(scope="module")
def ray(address: str) -> RayPlace:
    return asyncio.run(open_place(address))


def submitted(ray: RayPlace, job: Job, **fields: Any) -> str:
    return asyncio.run(ray.submit(RayJobInfra(type="ray-job", **fields), job))


def state(ray: RayPlace, job_id: str) -> JobState:
    job = asyncio.run(ray.job(job_id))
    assert job is not None
    return job.state


def finished(ray: RayPlace, job_id: str) -> JobState:
    return eventually(lambda: (now := state(ray, job_id)).finished and now, pause_s=0.5)


def jobs_of(ray: RayPlace, run_id: str) -> list[SeenJob]:
    """The jobs of a run's first attempts, ended ones too."""
    found = [asyncio.run(ray.of_attempt(run_id, attempt)) for attempt in (1, 2)]
    return [job for job in found if job is not None]


def test_a_job_runs_and_its_log_can_be_read(ray: RayPlace):
    job_id = submitted(ray, Job("good-1", {"team": "ml"}, {"WORD": "hello"}, "echo $WORD"), entrypoint_num_cpus=1)
    assert job_id == "good-1"
    assert finished(ray, job_id).succeeded
    assert eventually(lambda: "hello" in asyncio.run(ray.log_tail(job_id, 5)).splitlines())


def test_a_job_is_stopped(ray: RayPlace):
    job_id = submitted(ray, Job("long-1", {}, {}, "sleep 300"))
    eventually(lambda: state(ray, job_id).status == "RUNNING")
    asyncio.run(ray.stop(job_id))
    assert finished(ray, job_id).status == "STOPPED"


def test_an_attempt_that_is_sent_twice_is_one_job_and_the_next_attempt_another(ray: RayPlace):
    run_id = str(uuid4())
    first, second = (Job(job_name("again", run_id, attempt), {POOL_TAG: run_id}, {}, "sleep 300") for attempt in (1, 2))
    assert [submitted(ray, first), submitted(ray, first)] == [first.name, first.name]
    asyncio.run(ray.stop(first.name))
    finished(ray, first.name)
    assert submitted(ray, first) == first.name  # an id is Ray's for ever
    assert submitted(ray, second) == second.name
    assert [job.name for job in asyncio.run(ray.living(run_id))] == [second.name]
    assert [job.name for job in jobs_of(ray, run_id)] == [first.name, second.name]
    asyncio.run(ray.stop(second.name))


def test_a_job_that_never_was_is_none(ray: RayPlace):
    assert asyncio.run(ray.job("nothing")) is None
    assert asyncio.run(ray.of_attempt(str(uuid4()), 1)) is None


def test_what_ray_does_not_take_is_invalid_and_says_why(address: str, ray: RayPlace):
    with pytest.raises(Invalid, match="no-such-folder"):  # its client looks
        submitted(ray, Job("bad-1", {}, {}, "true"), working_dir="/no-such-folder")
    with pytest.raises(Invalid, match="metadata"):  # its server looks
        asyncio.run(RayJobs(address).submit({"submission_id": "bad-2", "entrypoint": "true", "metadata": {"a": 1}}))
    assert asyncio.run(ray.job("bad-2")) is None


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
    assert run["infrastructure_pid"].endswith(f"{run_id}-1")
    eventually(lambda: "last lines" in workplace.logs(run_id))
    assert "died on ray" in workplace.logs(run_id)


@pytest.fixture(scope="module")
def place(
    prefect_server: PrefectServer, emulator: AnyscaleEmulator, tmp_path_factory: pytest.TempPathFactory, address: str
) -> Iterator[Workplace]:
    """A pool of its own, whose runs go to Ray."""
    place = Workplace(prefect_server, emulator, tmp_path_factory.mktemp("ray"), "on-ray")
    place.block("ray-job", "tended", {"address": address})
    place.start_worker(QUICK)
    yield place
    place.stop_workers()


def light(place: Workplace, name: str, until: float | Path) -> str:
    """A run on Ray that runs for some seconds or until a file is there; its id, once it runs."""
    run_id = place.run(place.light(name, until, infra="{{ prefect.blocks.ray-job.tended }}"))
    place.wait(run_id, {"RUNNING"})
    return run_id


def one_job(ray: RayPlace, run_id: str) -> SeenJob:
    """The run's job; fails where there is none or more than one."""
    (job,) = jobs_of(ray, run_id)
    return job


@pytest.mark.slow  # two workers; the same on Anyscale: test_tending.py
def test_a_job_outlives_its_worker_and_the_next_one_adopts_it(place: Workplace, ray: RayPlace):
    may_end = place.folder / "may-end"
    completes = light(place, "ray-completes", may_end)
    doomed = light(place, "ray-doomed", 600)
    place.stop_workers()
    job = one_job(ray, completes)
    place.server.send("PATCH", f"/flow_runs/{completes}", {"infrastructure_pid": None})  # as if killed before the note
    place.start_worker(QUICK, "successor")
    assert eventually(lambda: place.flow_run(completes)["infrastructure_pid"]) == job.id
    may_end.touch()
    place.wait(completes, {"COMPLETED"})
    assert finished(ray, job.id).succeeded
    asyncio.run(ray.stop(one_job(ray, doomed).id))
    assert "ended as STOPPED" in place.wait(doomed, {"CRASHED"})["state"]["message"]
    assert place.states(completes)[-1] == "COMPLETED"
    assert one_job(ray, completes).id == job.id


def test_a_cancelled_run_ends_with_its_job(place: Workplace, ray: RayPlace):
    run_id = light(place, "ray-cancelled", 600)
    place.server.post(f"/flow_runs/{run_id}/set_state", {"state": {"type": "CANCELLING"}})
    place.wait(run_id, {"CANCELLED"})
    assert finished(ray, one_job(ray, run_id).id).status == "STOPPED"


@pytest.mark.slow  # as the one before, by another way
def test_a_deleted_run_has_its_job_stopped(place: Workplace, ray: RayPlace):
    run_id = light(place, "ray-deleted", 600)
    job = one_job(ray, run_id)
    place.server.send("DELETE", f"/flow_runs/{run_id}")
    assert finished(ray, job.id).status == "STOPPED"


def test_a_job_that_ray_does_not_take_crashes_its_run_at_once(place: Workplace):
    variables = {"infra": "{{ prefect.blocks.ray-job.tended }}", "working_dir": "/no-such-folder", "command": "true"}
    run = place.wait(place.run(place.deployment("ray-refused", "", variables)), {"CRASHED"})
    assert "no-such-folder" in run["state"]["message"]
    assert run["infrastructure_pid"] is None


@pytest.mark.slow  # the same path with a quick command: the test before
def test_a_flow_completes_on_ray(workplace: Workplace, address: str):
    home = {"PREFECT_HOME": str(workplace.folder / "ray-home"), "DO_NOT_TRACK": "1"}
    workplace.block("ray-job", "flow-on-ray", {"address": address, "env": home})
    variables = {"infra": "{{ prefect.blocks.ray-job.flow-on-ray }}"}
    run_id = workplace.run(workplace.deployment("completes-on-ray", FLOW, variables))
    workplace.wait(run_id, {"COMPLETED"})
    assert eventually(lambda: "this ran on Ray" in workplace.logs(run_id))
