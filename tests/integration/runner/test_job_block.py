"""`AnyscaleJob` as a job inside a flow: real flows in processes of their own, Prefect, the real SDK, the emulator."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from support.anyscale_emulator import PATIENCE_S, AnyscaleEmulator, eventually
from support.prefect_server import PrefectServer

ENDED = {"SUCCESS", "OUT_OF_RETRIES", "TERMINATED"}
SETTINGS = {"PREFECT_LOGGING_TO_API_BATCH_INTERVAL": "0.3", "PYTHONUNBUFFERED": "1"}


class Place(NamedTuple):
    """Where programs run: the two servers, a folder, and what was started, each with a process group of its own."""

    server: PrefectServer
    emulator: AnyscaleEmulator
    folder: Path
    started: list[subprocess.Popen[str]]

    @property
    def environment(self) -> dict[str, str]:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
        return {**inherited, **self.server.environment, **self.emulator.env, **SETTINGS, "FOLDER": str(self.folder)}

    def start(self, program: str, name: str, *arguments: str, **more: str) -> subprocess.Popen[str]:
        """Start a Python program from a file of its own; what it prints goes to NAME.log."""
        path = self.folder / f"{name}.py"
        path.write_text(textwrap.dedent(program))
        return self.command([sys.executable, str(path), *arguments], name, **more)

    def command(self, command: list[str], name: str, **more: str) -> subprocess.Popen[str]:
        with (self.folder / f"{name}.log").open("w") as log:
            process = subprocess.Popen(
                command,
                env={**self.environment, **more},
                cwd=self.folder,
                stdout=log,
                stderr=log,
                text=True,
                start_new_session=True,
            )
        self.started.append(process)
        return process

    def said(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text()

    def jobs(self, beginning: str) -> list[dict[str, Any]]:
        """The jobs whose names begin so, the oldest first."""
        found = self.emulator.call("GET", f"/api/v2/decorated_ha_jobs/?name={beginning}-")["results"]
        return [self.emulator.job(job["id"]) for job in reversed(found) if job["name"].startswith(f"{beginning}-")]

    def job(self, beginning: str) -> dict[str, Any]:
        """The one job whose name begins so, as soon as it is there."""
        [found] = eventually(lambda: self.jobs(beginning))
        return found

    def running(self, beginning: str) -> str:
        """Wait until the job runs; its id."""
        eventually(lambda: self.job(beginning)["current_state"] == "RUNNING")
        eventually(lambda: "Triggered the job" in self.said(beginning))
        return str(self.job(beginning)["id"])

    def end_of(self, beginning: str) -> str:
        """Wait until the job is over; its last state."""
        return str(eventually(lambda: (state := self.job(beginning)["current_state"]) in ENDED and state))

    def flow_runs(self, flow: str) -> list[dict[str, Any]]:
        wanted = {"flows": {"name": {"any_": [flow]}}}
        return list(self.server.post("/flow_runs/filter", wanted))

    def logs(self, flow_run_id: str) -> list[str]:
        wanted = {"logs": {"flow_run_id": {"any_": [flow_run_id]}}, "sort": "TIMESTAMP_ASC"}
        return [line["message"] for line in self.server.post("/logs/filter", wanted)]


@pytest.fixture(scope="module")
def place(
    prefect_server: PrefectServer, emulator: AnyscaleEmulator, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Place]:
    place = Place(prefect_server, emulator, tmp_path_factory.mktemp("job-block"), [])
    yield place
    emulator.clear_faults()
    for process in place.started:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@pytest.fixture(scope="module")
def told(place: Place) -> dict[str, Any]:
    """What one program said that runs many flows, by flow: a process takes most of its time to import the SDK."""
    process = place.start(MANY, "many")
    assert process.wait(PATIENCE_S * 4) == 0, place.said("many")
    return dict(json.loads((place.folder / "told.json").read_text()))


MANY = """
import asyncio, json, os, pathlib, pickle
from prefect import flow, task, get_run_logger
from pfa_gitops import AnyscaleJob

QUICK = {"poll_s": 0.2}
told = {}

def job(name, entrypoint, **fields):
    return AnyscaleJob(name=name, entrypoint=entrypoint, **fields)

@flow
def succeeds():
    AnyscaleJob(name="saved", entrypoint="for i in 1 2 3; do echo line $i; sleep 0.5; done",
                tags={"team": "ml"}, env={"COLOUR": "red"}).save("job-in-a-flow", overwrite=True)
    run = AnyscaleJob.load("job-in-a-flow").trigger()
    run.wait_for_completion(**QUICK)
    result = run.fetch_result()
    assert pickle.loads(pickle.dumps(run)).job_id == run.job_id
    return [result.job_id, result.name, result.state, result.page_url]

@flow
async def succeeds_async():
    run = await job("async", "echo from async").trigger()
    await run.wait_for_completion(**QUICK)
    return (await run.fetch_result()).state

@task
def plain_task(name):
    run = job(name, "echo from a task").trigger()
    run.wait_for_completion(**QUICK)
    return run.fetch_result().state

@task
async def async_task(name):
    run = await job(name, "echo from a task").trigger()
    await run.wait_for_completion(**QUICK)
    return (await run.fetch_result()).state

@flow
def tasks_of_a_plain_flow():
    both = plain_task.submit("task-sync"), async_task.submit("task-async")
    return [future.result() for future in both]

@flow
async def tasks_of_an_async_flow():
    future = plain_task.submit("task-in-async")
    return [await async_task("task-awaited"), future.result()]

@flow
def fails():
    run = job("fails", "echo before the end; echo the last words >&2; exit 7").trigger()
    run.wait_for_completion(**QUICK)

@flow
def leaves_and_fails():
    job("left-failed-sync", "sleep 600").trigger()
    raise ValueError("the data is late")

@flow
def leaves_and_completes():
    job("left-completed", "sleep 5; echo done").trigger()

@flow
async def leaves_and_fails_async():
    await job("left-failed-async", "sleep 600").trigger()
    raise ValueError("the data is late")

@flow(timeout_seconds=6)
def runs_out():
    job("runs-out-sync", "sleep 600").trigger().wait_for_completion(**QUICK)

@flow(timeout_seconds=6)
async def runs_out_async():
    await (await job("runs-out-async", "sleep 600").trigger()).wait_for_completion(**QUICK)

@task(timeout_seconds=6)
def slow_task():
    job("slow-task", "sleep 600").trigger().wait_for_completion(**QUICK)

@flow
def catches_a_slow_task():
    return repr(slow_task.submit().result(raise_on_failure=False))

@flow
def waits_for_a_while():
    run = job("a-while", "sleep 600").trigger()
    try:
        run.wait_for_completion(timeout=3, **QUICK)
    except Exception as error:
        return type(error).__name__ + ": " + str(error)

@flow(retries=1)
def tries_again():
    marker = pathlib.Path(os.environ["FOLDER"], "tried")
    if not marker.exists():
        marker.touch()
        job("first-try", "sleep 600").trigger()
        raise ValueError("the first attempt")
    job("second-try", "sleep 2").trigger()

@flow
def triggers_after_its_end():
    late.submit()
    raise ValueError("too early")

@task
def late():
    import time
    time.sleep(3)
    job("late", "sleep 600").trigger()

def say(flow_, *arguments):
    name = flow_.fn.__name__
    try:
        outcome = flow_(*arguments)
        told[name] = asyncio.run(outcome) if asyncio.iscoroutine(outcome) else outcome
    except Exception as error:
        again = pickle.loads(pickle.dumps(error))
        assert vars(again) == vars(error)
        told[name] = [type(error).__name__, str(error), vars(error)]

for flow_ in (succeeds, succeeds_async, tasks_of_a_plain_flow, tasks_of_an_async_flow, fails, leaves_and_fails,
              leaves_and_completes, leaves_and_fails_async, runs_out, runs_out_async, catches_a_slow_task,
              waits_for_a_while, tries_again, triggers_after_its_end):
    say(flow_)

def script():
    run = job("script", "echo from a script").trigger()
    run.wait_for_completion(**QUICK)
    told["script"] = run.fetch_result().state

async def async_script():
    run = await job(None, "exit 3").trigger()
    try:
        await run.wait_for_completion(**QUICK)
    except Exception as error:
        told["async_script"] = [type(error).__name__, run.name]

script()
asyncio.run(async_script())
try:
    AnyscaleJob(cluster_env="nobodys").trigger()
except Exception as error:
    told["no_entrypoint"] = str(error)
try:
    job("unknown-image", "true", cluster_env="nobodys").trigger()
except Exception as error:
    told["no_image"] = str(error)
pathlib.Path(os.environ["FOLDER"], "told.json").write_text(json.dumps(told, default=str))
"""


def test_a_saved_block_is_triggered_and_its_result_fetched(place: Place, told: dict[str, Any]):
    job_id, name, state, page_url = told["succeeds"]
    job = place.job("saved")
    assert (job["id"], job["name"], state) == (job_id, name, "SUCCESS")
    assert page_url == f"{place.emulator.url}/jobs/{job_id}"
    assert job["config"]["runtime_env"]["env_vars"] == {"COLOUR": "red"}
    assert job["config"]["max_retries"] == 0


def test_the_job_is_tagged_with_the_flow_run_that_triggered_it(place: Place, told: dict[str, Any]):
    [run] = place.flow_runs("succeeds")
    found = place.emulator.call("GET", f"/api/v2/tags/resource?resource_type=job&resource_id={told['succeeds'][0]}")
    tags = {tag["key"]: tag["value"] for tag in found["result"]["tags"]}
    assert tags == {"team": "ml", "parent_flow_run_id": run["id"], "parent_flow_run": run["name"]}


def test_each_line_of_the_log_is_in_the_runs_log_once(place: Place, told: dict[str, Any]):
    [run] = place.flow_runs("succeeds")
    assert eventually(lambda: "line 3" in place.logs(run["id"]))
    assert [line for line in place.logs(run["id"]) if line.startswith("line ")] == ["line 1", "line 2", "line 3"]


def test_it_is_called_from_plain_code_and_awaited_in_async_code(told: dict[str, Any]):
    assert told["succeeds_async"] == "SUCCESS"
    assert told["tasks_of_a_plain_flow"] == ["SUCCESS", "SUCCESS"]
    assert told["tasks_of_an_async_flow"] == ["SUCCESS", "SUCCESS"]
    assert told["script"] == "SUCCESS"
    assert told["async_script"][0] == "JobFailed"
    assert told["async_script"][1].startswith("prefect-job-")


def test_a_failure_is_raised_with_anyscales_reason_and_the_last_lines_of_the_log(place: Place, told: dict[str, Any]):
    kind, message, fields = told["fails"]
    assert kind == "JobFailed"
    assert "OUT_OF_RETRIES. The entrypoint exited with 7." in message
    assert message.endswith("before the end\nthe last words")
    assert fields["reason"] == "The entrypoint exited with 7."
    [run] = place.flow_runs("fails")
    assert run["state_type"] == "FAILED"
    assert "exited with 7" in run["state"]["message"]


def test_a_job_that_nobody_waits_for_is_ended_with_a_flow_that_fails(place: Place, told: dict[str, Any]):
    assert "the data is late" in told["leaves_and_fails"][1]
    assert place.end_of("left-failed-sync") == "TERMINATED"
    assert place.end_of("left-failed-async") == "TERMINATED"


def test_a_job_that_nobody_waits_for_outlives_a_flow_that_completes(place: Place, told: dict[str, Any]):
    assert place.end_of("left-completed") == "SUCCESS"


def test_a_time_out_of_flow_or_task_ends_the_job(place: Place, told: dict[str, Any]):
    for name in ("runs-out-sync", "runs-out-async", "slow-task"):
        assert place.end_of(name) == "TERMINATED"
    assert told["runs_out"][0] == told["runs_out_async"][0] == "FlowRunTimeoutError"
    assert "TaskRunTimeoutError" in told["catches_a_slow_task"]


def test_the_waits_own_time_out_ends_the_job(place: Place, told: dict[str, Any]):
    assert told["waits_for_a_while"].startswith("JobTimedOut: The job a-while-")
    assert place.end_of("a-while") == "TERMINATED"


def test_the_next_attempt_of_a_flow_ends_what_the_one_before_it_left(place: Place, told: dict[str, Any]):
    assert place.end_of("first-try") == "TERMINATED"
    assert place.end_of("second-try") == "SUCCESS"


def test_a_job_that_is_triggered_after_its_flow_failed_is_ended(place: Place, told: dict[str, Any]):
    assert place.end_of("late") == "TERMINATED"
    assert "JobEnded" in place.said("many")


def test_what_cannot_be_submitted_says_why(told: dict[str, Any]):
    assert "no entrypoint" in told["no_entrypoint"]
    assert "no image nobodys" in told["no_image"]


FAULTS = """
import json, os, pathlib
from prefect import flow
from pfa_gitops import AnyscaleJob

@flow
def two_of_one_name():
    command = "for i in $(seq 10); do echo line $i; sleep 0.4; done"
    runs = [AnyscaleJob(name="twin", entrypoint=command).trigger() for _ in range(2)]
    for run in runs:
        run.wait_for_completion(poll_s=0.2)
    return [run.job_id for run in runs]

pathlib.Path(os.environ["FOLDER"], "twins.json").write_text(json.dumps(two_of_one_name()))
"""


def test_a_lost_answer_is_looked_up_and_two_of_one_name_do_not_find_each_other(place: Place):
    place.emulator.fault("lose_reply", method="POST", path="decorated_ha_jobs/create", nth=2)
    place.emulator.fault("status", path="job_logs_download_v2", nth=2, count=6, status=500)
    place.emulator.fault("lose_reply", path="job_logs_download_v2", nth=12, count=3)
    place.emulator.fault("status", path="production_jobs/", nth=3, count=5, status=503)
    process = place.start(FAULTS, "faults")
    assert process.wait(PATIENCE_S * 2) == 0, place.said("faults")
    place.emulator.clear_faults()
    jobs = place.jobs("twin")
    assert [job["id"] for job in jobs] == json.loads((place.folder / "twins.json").read_text())
    assert [job["current_state"] for job in jobs] == ["SUCCESS", "SUCCESS"]
    [run] = place.flow_runs("two-of-one-name")
    assert eventually(lambda: place.logs(run["id"]).count("line 10") == 2)
    lines = [line for line in place.logs(run["id"]) if line.startswith("line ")]
    assert lines == [f"line {number}" for number in range(1, 11)] * 2
    assert any("cannot be followed now" in line for line in place.logs(run["id"]))


WAITS = """
import os, sys, time
from prefect import flow, task
from pfa_gitops import AnyscaleJob

def job(name):
    return AnyscaleJob(name=name, entrypoint="echo it runs; sleep 600")

@flow
def waits(name: str):
    job(name).trigger().wait_for_completion()

@flow
async def waits_async(name: str):
    await (await job(name).trigger()).wait_for_completion()

@task
def in_a_task(name):
    job(name).trigger().wait_for_completion()

@flow
def waits_in_a_task(name: str):
    in_a_task.submit(name).result()

@flow
def leaves(name: str):
    job(name).trigger()
    time.sleep(600)

if __name__ == "__main__":
    import asyncio
    outcome = globals()[sys.argv[1]](sys.argv[2])
    if asyncio.iscoroutine(outcome):
        asyncio.run(outcome)
"""
KINDS = ("waits", "waits_async", "waits_in_a_task", "leaves")


def execute(place: Place, flow: str, name: str, **more: str) -> tuple[str, subprocess.Popen[str]]:
    """Start a deployment's run as the entrypoint of a job does; the run and the process."""
    (place.folder / "waiting.py").write_text(WAITS)
    flow_id = place.server.post("/flows/", {"name": flow.replace("_", "-")})["id"]
    step = {"prefect.deployments.steps.set_working_directory": {"directory": str(place.folder)}}
    body = {"name": name, "flow_id": flow_id, "entrypoint": f"waiting.py:{flow}", "pull_steps": [step]}
    deployment = place.server.post("/deployments/", body)["id"]
    wanted = {"state": {"type": "PENDING"}, "parameters": {"name": name}}
    run_id = str(place.server.post(f"/deployments/{deployment}/create_flow_run", wanted)["id"])
    command = [sys.executable, "-m", "prefect", "flow-run", "execute", run_id]
    return run_id, place.command(command, name, PREFECT__FLOW_RUN_ID=run_id, **more)


@pytest.mark.slow
@pytest.mark.parametrize("flow", KINDS)
def test_cancelling_the_run_ends_the_job(place: Place, flow: str):
    name = f"cancelled-{flow}"
    run_id, process = execute(place, flow, name)
    place.running(name)
    place.server.post(f"/flow_runs/{run_id}/set_state", {"state": {"type": "CANCELLING"}})
    assert place.end_of(name) == "TERMINATED", place.said(name)
    process.wait(PATIENCE_S)
    assert place.server.get(f"/flow_runs/{run_id}")["state_type"] == "CANCELLED"


@pytest.mark.slow
@pytest.mark.parametrize("flow", KINDS)
def test_sigterm_ends_the_job(place: Place, flow: str):
    """Without this setting Prefect's supervisor dies alone and leaves the flow's process behind (3.8.8)."""
    name = f"terminated-{flow}"
    _, process = execute(place, flow, name, PREFECT_FLOW_RUN_EXECUTE_SIGTERM_BEHAVIOR="relinquish")
    place.running(name)
    process.send_signal(signal.SIGTERM)
    assert place.end_of(name) == "TERMINATED", place.said(name)
    process.wait(PATIENCE_S)


@pytest.mark.slow
@pytest.mark.parametrize("flow", KINDS)
def test_ctrl_c_ends_the_job(place: Place, flow: str):
    name = f"interrupted-{flow}"
    process = place.start(WAITS, name, flow, name)
    place.running(name)
    process.send_signal(signal.SIGINT)
    assert place.end_of(name) == "TERMINATED", place.said(name)
    process.wait(PATIENCE_S)


POOL = """
import sys, time
from prefect import flow, task
from prefect.task_runners import ProcessPoolTaskRunner
from pfa_gitops import AnyscaleJob

@task
def in_a_process(name):
    AnyscaleJob(name=name, entrypoint="sleep 30").trigger()

@flow(task_runner=ProcessPoolTaskRunner(max_workers=1))
def of_processes(name: str, fails: bool):
    in_a_process.submit(name).result()
    if fails:
        raise ValueError("the data is late")

if __name__ == "__main__":
    for name, fails in (("pool-completed", False), ("pool-failed", True)):
        of_processes(name, fails)
"""


@pytest.mark.slow  # most of a minute
def test_a_job_of_a_task_in_another_process_is_ended_with_a_flow_that_fails_only(place: Place):
    process = place.start(POOL, "pool")
    process.wait(PATIENCE_S * 2)
    assert place.end_of("pool-failed") == "TERMINATED", place.said("pool")
    assert place.end_of("pool-completed") == "SUCCESS"


@pytest.mark.parametrize("flow", [pytest.param("waits", marks=pytest.mark.slow), "waits_async"])
def test_an_interrupted_submit_leaves_no_job_behind(place: Place, flow: str):
    name = f"half-submitted-{flow}"
    place.emulator.fault("delay", path="decorated_ha_jobs/create", seconds=6)
    process = place.start(WAITS, name, flow, name)
    eventually(lambda: place.jobs(name))
    process.send_signal(signal.SIGINT)
    assert place.end_of(name) == "TERMINATED", place.said(name)
    process.wait(PATIENCE_S)
    assert "Triggered the job" not in place.said(name)


def test_the_example_runs(place: Place):
    example = Path(__file__).parents[3] / "examples" / "jobs-in-a-flow"
    process = place.command([sys.executable, str(example / "flow.py")], "example")
    assert process.wait(PATIENCE_S * 2) == 0, place.said("example")
    jobs = [place.job("train-0.1"), place.job("train-0.01")]
    assert {job["current_state"] for job in jobs} == {"SUCCESS"}
    said = place.said("example")
    assert set(said.split("jobs: ")[1].split("\n")[0].split()) == {job["id"] for job in jobs}
    assert all(said.count(f"epoch {epoch}, learning rate 0.01") == 1 for epoch in range(3))
