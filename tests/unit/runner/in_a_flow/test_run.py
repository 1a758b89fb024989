"""What a triggered job is called, how values and errors travel, and how a clean-up ends."""

import asyncio
import pickle
import time

from pfa_gitops.runner.in_a_flow.run import AnyscaleJobRun, to_its_end
from pfa_gitops.runner.in_a_flow.trigger import unique_name
from pfa_gitops.runner.in_a_flow.values import JobFailed, JobResult


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
