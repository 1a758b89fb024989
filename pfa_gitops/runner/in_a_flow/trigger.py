"""Starts a job on Anyscale from a flow, a task or a plain script, and sees to it that none is left behind."""

import asyncio
import os
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from pfa_gitops.model.errors import PfaError
from pfa_gitops.platforms.anyscale._sdk import Sdk
from pfa_gitops.runner.in_a_flow.anyscale_login import sdk_of_process
from pfa_gitops.runner.in_a_flow.owners import (
    Logger,
    Owner,
    breaks_off,
    end,
    end_earlier,
    hold,
    owner_here,
    started_run,
)
from pfa_gitops.runner.in_a_flow.run import AnyscaleJobRun, to_its_end
from pfa_gitops.runner.in_a_flow.values import JobEnded, JobNotSubmitted
from pfa_gitops.runner.infra import AnyscaleJobInfra
from pfa_gitops.runner.job_environment import sealed_environment
from pfa_gitops.runner.places.anyscale import page_on, submit_to
from pfa_gitops.runner.submission import POOL_TAG, Beginning, Job, tag_value, triggered_name

if TYPE_CHECKING:
    from prefect.client.schemas.objects import FlowRun

_ANSWER_S = 25.0
"""How long an interrupted submit is waited for, in seconds: Prefect kills a flow's process after 30."""


async def trigger(infra: AnyscaleJobInfra, logger: Logger) -> AnyscaleJobRun:
    """Submit the block's job once and return it. Raises JobNotSubmitted, and JobEnded when the run is over by now."""
    if not infra.entrypoint:
        raise JobNotSubmitted("The block has no entrypoint: set it to the job's command, e.g. 'python train.py'.")
    if (owner := owner_here()) is not None:
        await end_earlier(owner, logger)
    try:
        sdk = sdk_of_process()
        started = None if owner is None else await started_run(logger)
        job = _job(infra, infra.entrypoint, owner, started)
        job_id = await _submitted(sdk, infra, job, logger)
    except PfaError as error:
        raise JobNotSubmitted(f"{error.message}: {error.mend}".strip(": ")) from None
    run = AnyscaleJobRun(job_id, job.name, page_on(sdk.target, job_id))
    logger.info("Triggered the job %s: %s", job.name, run.page_url)
    if owner is not None and (not hold(job_id, owner) or await breaks_off()):
        await end(job_id, logger)
        raise JobEnded(f"The job {job.name} is ended: the flow run that triggered it is over")
    return run


def _job(infra: AnyscaleJobInfra, entrypoint: str, owner: Owner | None, started: "FlowRun | None") -> Job:
    tags = dict(infra.tags)
    if owner is not None:
        tags |= {"parent_flow_run_id": str(owner.flow_run_id), "parent_flow_run": tag_value(owner.flow_run_name)}
    if started is not None and started.work_pool_id is not None:
        tags[POOL_TAG] = str(started.work_pool_id)
    words = infra.name or (owner.flow_run_name if owner else "prefect-job")
    by = None if started is None else Beginning(str(started.id), started.run_count)
    name = triggered_name(words, by, uuid4())
    return Job(name, tags, sealed_environment(infra.env, os.environ), entrypoint)


async def _submitted(sdk: Sdk, infra: AnyscaleJobInfra, job: Job, logger: Logger) -> str:
    """Submit. Whoever interrupts it waits for the answer, so that the job that may be on its way can be ended."""
    submitting = asyncio.ensure_future(submit_to(sdk, infra, job))
    try:
        return await asyncio.shield(submitting)
    except asyncio.CancelledError:
        await to_its_end(_end_when_there(submitting, job.name, logger))
        raise


async def _end_when_there(submitting: "asyncio.Future[Any]", name: str, logger: Logger) -> None:
    try:
        async with asyncio.timeout(_ANSWER_S):
            await end(await asyncio.shield(submitting), logger)
    except TimeoutError:
        logger.error("The job %s may have been submitted: look for it in Anyscale's console", name)
    except PfaError as error:
        logger.info("The job %s was not submitted: %s", name, error.message)
