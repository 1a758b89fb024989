"""Who owns a job, and what is left of a process's jobs and attempts when they end."""

import asyncio
import os
import subprocess
import sys
from types import SimpleNamespace
from uuid import uuid4

from prefect.states import Completed

from pfa_gitops.runner.in_a_flow import owners
from pfa_gitops.runner.in_a_flow.owners import Owner, end_anyscale_jobs


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


ENDS_WITH_JOBS = """
import os, sys, uuid
from pfa_gitops.runner.in_a_flow.owners import Owner, hold

owner = Owner(uuid.uuid4(), "a run", 1, None, 0, os.getpid(), runs_here=True)
hold("prodjob_1", owner)
hold("prodjob_2", owner)
os.environ["HOME"] = sys.argv[1]
"""


def ends_with_jobs(home):
    """What a process says that ends with two jobs, without Prefect: what cannot be ended, by job."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("ANYSCALE_", "PREFECT_"))}
    environment = {**inherited, "PREFECT_SERVER_ALLOW_EPHEMERAL_MODE": "false"}
    command = [sys.executable, "-c", ENDS_WITH_JOBS, home]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return [line for line in done.stderr.splitlines() if "may still run" in line]


def test_at_the_end_of_a_process_each_job_that_cannot_be_ended_is_told(tmp_path):
    first, second = ends_with_jobs(str(tmp_path))
    assert "prodjob_1 may still run: no Anyscale credentials are set" in first
    assert "prodjob_2 may still run: no Anyscale credentials are set" in second


def test_a_failure_of_no_known_kind_keeps_no_other_job_from_its_end():
    first, second = ends_with_jobs("~")  # Python finds no home folder there: an error that nobody translates
    assert "prodjob_1 may still run: RuntimeError" in first
    assert "prodjob_2 may still run: RuntimeError" in second


def test_a_process_that_runs_flows_for_long_forgets_the_oldest_ends():
    async def many():
        for number in range(2500):
            await end_anyscale_jobs(None, SimpleNamespace(id=uuid4(), run_count=number), Completed())

    asyncio.run(many())
    kept = [attempt for _, attempt in owners._ENDS]
    assert (len(kept), kept[-1]) == (owners._ENDS_KEPT, 2499)
