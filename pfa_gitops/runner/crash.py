"""Tells Prefect that a run's job is over although its flow never said how it ended."""

import asyncio
from typing import TYPE_CHECKING

import httpx
from prefect.exceptions import Abort, ObjectNotFound
from prefect.states import Crashed
from prefect.utilities.engine import propose_state

from pfa_gitops.platforms.backoff import wait_before
from pfa_gitops.platforms.statuses import RETRIED
from pfa_gitops.runner.watch import Logger

if TYPE_CHECKING:
    from prefect.client.orchestration import PrefectClient
    from prefect.client.schemas.objects import FlowRun


_LASTING = (httpx.UnsupportedProtocol, httpx.LocalProtocolError)
_FIRST_WAIT_S = 1.0
_LONGEST_WAIT_S = 30.0


async def report_crash(client: "PrefectClient", submitted: "FlowRun", job_id: str, reason: str, logger: Logger) -> bool:
    """Propose Crashed with `reason`. False where the run does not wait for this job, is being cancelled, or is gone.

    `submitted` is the run as it was when the job was started. A Prefect that is away or fails is asked again until it
    is back: nobody else would end the run.
    """
    attempt = 0
    while True:
        try:
            return await _propose(client, submitted, job_id, reason)
        except httpx.HTTPError as error:
            if not _passes(error):
                raise
            attempt += 1
            logger.warning("The end of the job %s cannot be reported now: %s", job_id, type(error).__name__)
            await asyncio.sleep(wait_before(attempt, _FIRST_WAIT_S, _LONGEST_WAIT_S))


def _passes(error: httpx.HTTPError) -> bool:
    """Whether the same request may go well later. A request that cannot be sent at all never does."""
    if isinstance(error, httpx.HTTPStatusError):
        return error.response.status_code in RETRIED
    return isinstance(error, httpx.TransportError) and not isinstance(error, _LASTING)


async def _propose(client: "PrefectClient", submitted: "FlowRun", job_id: str, reason: str) -> bool:
    try:
        if not waits_for(await client.read_flow_run(submitted.id), submitted, job_id):
            return False
        return (await propose_state(client, Crashed(message=reason), flow_run_id=submitted.id)).is_crashed()
    except (Abort, ObjectNotFound):
        return False


def waits_for(run: "FlowRun", submitted: "FlowRun", job_id: str) -> bool:
    """Whether the run still depends on the job: it is under way, and no later job has taken it over."""
    state = run.state
    if state is not None and (state.is_final() or state.is_scheduled() or state.is_paused()):
        return False
    # The count says nothing of a run that is Running: a flow's own retries raise it within one job.
    taken_up_again = state is not None and state.is_pending() and run.run_count > submitted.run_count
    # The id of a job is written after its start, so that an earlier one may still stand there.
    return not taken_up_again and run.infrastructure_pid in {None, submitted.infrastructure_pid, job_id}
