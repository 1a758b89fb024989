"""What a triggered job is called, how errors travel, who owns a job, and which way a method is called."""

import asyncio
import pickle
import subprocess
import sys
import threading
import time
from uuid import uuid4

import pytest

from pfa_gitops.runner.both_ways import both_ways, run_here
from pfa_gitops.runner.job_owners import Owner
from pfa_gitops.runner.job_run import AnyscaleJobRun, to_its_end
from pfa_gitops.runner.job_trigger import unique_name
from pfa_gitops.runner.job_values import JobFailed, JobResult


def test_a_jobs_name_begins_as_it_is_called_and_is_its_own():
    assert unique_name("Train 0.1: EU").rsplit("-", 1)[0] == "Train-0.1-EU"
    assert unique_name("train") != unique_name("train")
    assert unique_name("///").startswith("prefect-job-")
    assert len(unique_name("x" * 300)) < 80


def test_values_and_errors_can_be_pickled():
    failed = JobFailed("it failed", "prodjob_1", "BROKEN", "no image", "the log")
    again = pickle.loads(pickle.dumps(failed))
    assert (str(again), vars(again)) == ("it failed", vars(failed))
    result = JobResult("prodjob_1", "train-1", "SUCCESS", "https://page")
    assert pickle.loads(pickle.dumps(result)) == result
    run = pickle.loads(pickle.dumps(AnyscaleJobRun("prodjob_1", "train-1", "https://page")))
    assert (run.job_id, run.name, run.page_url) == ("prodjob_1", "train-1", "https://page")


def test_an_earlier_attempt_is_one_of_the_same_run():
    run, task = uuid4(), uuid4()

    def owner(attempt, task_run=None, task_attempt=0, flow_run=run):
        return Owner(flow_run, "a run", attempt, task_run, task_attempt, 1, runs_here=True)

    assert owner(1).came_before(owner(2))
    assert not owner(2).came_before(owner(2))
    assert not owner(1).came_before(owner(2, flow_run=uuid4()))
    assert owner(1, task, 1).came_before(owner(1, task, 2))
    assert not owner(1, task, 1).came_before(owner(1, uuid4(), 2))
    assert not owner(1).came_before(owner(1, task, 2))


class Thing:
    @both_ways
    async def double(self, number):
        await asyncio.sleep(0)
        return 2 * number


def test_a_method_is_called_from_plain_code_and_awaited_in_async_code():
    async def awaited():
        return await Thing().double(3)

    assert Thing().double(2) == 4
    assert asyncio.run(awaited()) == 6


def test_what_a_coroutine_raises_reaches_the_plain_caller():
    async def fails():
        raise TimeoutError("its own")

    with pytest.raises(TimeoutError, match="its own"):
        run_here(fails())


def test_an_interrupted_caller_waits_for_the_coroutines_clean_up():
    cleaned = []

    async def work():
        try:
            _thread_interrupt(main)
            await asyncio.sleep(600)
        finally:
            await asyncio.sleep(0.1)
            cleaned.append(True)

    main = threading.main_thread()
    with pytest.raises(KeyboardInterrupt):
        run_here(work())
    assert cleaned == [True]


def _thread_interrupt(main):
    import signal  # noqa: PLC0415 - what a terminal sends

    signal.pthread_kill(main.ident, signal.SIGINT)


def test_a_clean_up_ends_although_its_task_is_cancelled_again_and_again():
    done = []

    async def clean_up():
        await asyncio.sleep(0.2)
        done.append(True)

    async def main():
        task = asyncio.create_task(to_its_end(clean_up()))
        until = time.monotonic() + 0.1
        while time.monotonic() < until:
            await asyncio.sleep(0.01)
            task.cancel()
        await task

    asyncio.run(main())
    assert done == [True]


def test_the_package_imports_prefect_only_when_it_is_asked_for_a_block():
    program = "import sys, pfa_gitops; print('prefect' in sys.modules, hasattr(pfa_gitops, 'nothing'))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]
