"""What a triggered job is called, how values and errors travel, and how a clean-up ends."""

import asyncio
import pickle
import time
from uuid import UUID

from pfa_gitops.runner.in_a_flow.run import AnyscaleJobRun, to_its_end
from pfa_gitops.runner.in_a_flow.values import JobFailed, JobResult
from pfa_gitops.runner.submission import Beginning, attempt_of, job_name, triggered_by, triggered_name

BY = Beginning("0f9a2f5e-3f1c-4a55-9d0e-6f2d6a1b2c3d", 12)
SUFFIX = UUID("5f0c2ab9-4e17-4a55-9d0e-6f2d6a1b2c3d")


def test_a_jobs_name_begins_as_it_is_called_and_is_its_own():
    assert triggered_name("Train 0.1: EU", None, SUFFIX) == "Train-0.1-EU-5f0c2ab94e17"
    assert triggered_name("///", None, SUFFIX) == "prefect-job-5f0c2ab94e17"
    assert len(triggered_name("x" * 300, BY, SUFFIX)) < 120


def test_a_jobs_name_tells_the_run_that_triggered_it_and_is_not_taken_for_that_runs_own_job():
    name = triggered_name("Train 0.1", BY, SUFFIX)
    assert name.startswith("Train-0.1-")
    assert triggered_by(name) == BY
    assert attempt_of(name) is None
    assert triggered_by(job_name("train", BY.run_id, 12)) is None
    assert triggered_by(triggered_name("train", None, SUFFIX)) is None


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
