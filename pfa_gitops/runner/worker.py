"""The Prefect worker of type `anyscale`: picks flow runs up, starts a job for each and reports how the job ended.

The flow's own states and logs come from the job, where `prefect flow-run execute` runs. What this module reports is
what the job cannot: that it never started, or was ended from outside.
"""

import asyncio
import contextlib
import math
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from prefect.exceptions import InfrastructureError, InfrastructureNotAvailable, InfrastructureNotFound
from prefect.workers.base import BaseVariables, BaseWorker, BaseWorkerResult

from pfa_gitops.model.errors import NotFound, PfaError, PlatformError
from pfa_gitops.platforms.anyscale._jobs import JobState
from pfa_gitops.runner.configuration import AnyscaleConfiguration, Variables
from pfa_gitops.runner.crash import report_crash
from pfa_gitops.runner.infrastructures import Infrastructure, Infrastructures
from pfa_gitops.runner.job_environment import sealed_environment
from pfa_gitops.runner.submission import Job, job_name, run_tags
from pfa_gitops.runner.watch import Logger, watch

if TYPE_CHECKING:
    from prefect.client.schemas.objects import FlowRun

_POLL_S = "PFA_GITOPS_JOB_POLL_SECONDS"
_POLL_DEFAULT_S = 2.0
_POLL_LEAST_S = 0.1
_LOG_LINES = 50
_LOG_SETTLES_S = 1.0  # a platform says that a job is over before the last lines of its log are there


class AnyscaleWorkerResult(BaseWorkerResult):
    """That a job's end was seen, and reported where the run did not know of it: always 0."""


class AnyscaleWorker(BaseWorker[AnyscaleConfiguration, BaseVariables, AnyscaleWorkerResult]):
    """Runs flows as Anyscale jobs, or as jobs of the Ray cluster on its own node."""

    type = "anyscale"
    job_configuration = AnyscaleConfiguration
    job_configuration_variables: Any = Variables
    _description = "Run flows as Anyscale jobs. Needs an Anyscale account."
    _documentation_url = "https://docs.anyscale.com/platform/jobs/"
    _display_name = "Anyscale"

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._infrastructures = Infrastructures()
        self._poll_s = _poll_s(os.environ, self._logger)

    async def run(
        self,
        flow_run: "FlowRun",
        configuration: AnyscaleConfiguration,
        task_status: Any = None,
    ) -> AnyscaleWorkerResult:
        """Start the run's job, tell Prefect its id, and follow it to its end."""
        logger = self.get_flow_run_logger(flow_run)
        try:
            infrastructure = self._infrastructures.for_infra(configuration.infra)
            job_id = await _submit(infrastructure, flow_run, configuration)
        except PfaError as error:
            raise InfrastructureError(f"{error.message}. {error.mend}".strip(". ") + ".") from None
        logger.info("Submitted the job %s: %s", job_id, infrastructure.page(job_id))
        if task_status is not None:
            task_status.started(job_id)
        state = await watch(lambda: infrastructure.state(job_id), logger, self._poll_s)
        if not state.succeeded:
            await self._explain(flow_run, infrastructure, job_id, state)
        # For any other code the base class would propose Crashed itself, without a look at how the run goes on.
        return AnyscaleWorkerResult(identifier=job_id, status_code=0)

    async def _explain(self, flow_run: "FlowRun", infrastructure: Infrastructure, job_id: str, state: JobState) -> None:
        """Say in the run's state and log why the job ended, unless the flow has said how it ended."""
        reason = f"The job {job_id} ended as {state.status}. {state.reason}".strip()
        if await report_crash(self.client, flow_run, job_id, reason, self._logger):
            await _log_tail(infrastructure, job_id, self.get_flow_run_logger(flow_run))
        else:
            self._logger.info("%s The run %s is left as it is.", reason, flow_run.id)

    async def kill_infrastructure(
        self, infrastructure_pid: str, configuration: AnyscaleConfiguration, grace_seconds: int = 30
    ) -> None:
        """End a run's job, and wait for its end up to `grace_seconds`."""
        try:
            infrastructure = self._infrastructures.for_infra(configuration.infra)
            state = await infrastructure.state(infrastructure_pid)
            if state.finished:
                raise InfrastructureNotFound(f"The job {infrastructure_pid} has ended as {state.status}.")
            await infrastructure.stop(infrastructure_pid)
        except NotFound as error:
            raise InfrastructureNotFound(error.message) from None
        except PfaError as error:
            raise InfrastructureNotAvailable(error.message) from None
        await _wait_for_end(infrastructure, infrastructure_pid, self._logger, grace_seconds)


def _poll_s(environment: Mapping[str, str], logger: Logger) -> float:
    """The first pause between two looks at a job. What cannot be used is told now, not once a job runs."""
    text = environment.get(_POLL_S, "")
    with contextlib.suppress(ValueError):
        if _POLL_LEAST_S <= (seconds := float(text or _POLL_DEFAULT_S)) < math.inf:
            return seconds
    logger.warning("%s is no number of seconds from %s on; %s is used", _POLL_S, _POLL_LEAST_S, _POLL_DEFAULT_S)
    return _POLL_DEFAULT_S


async def _submit(infrastructure: Infrastructure, flow_run: "FlowRun", configuration: AnyscaleConfiguration) -> str:
    run = flow_run.name, flow_run.id, flow_run.run_count
    job = Job(
        job_name(*run),
        run_tags(configuration.infra.tags, *run, configuration.labels),
        sealed_environment(configuration.env, os.environ),
        configuration.command,
        flow_run.infrastructure_pid,
    )
    return await infrastructure.submit(job)


async def _log_tail(infrastructure: Infrastructure, job_id: str, logger: Logger) -> None:
    """Copy the job's last lines into the run's log: a job that died early sent none itself."""
    await asyncio.sleep(_LOG_SETTLES_S)
    try:
        text = await infrastructure.log_tail(job_id, _LOG_LINES)
    except PlatformError as error:
        logger.warning("The job's log cannot be read: %s", error.message)
        return
    if text.strip():
        logger.error("The last lines of the job's log:\n%s", text.rstrip())


async def _wait_for_end(infrastructure: Infrastructure, job_id: str, logger: Logger, grace_s: float) -> None:
    try:
        async with asyncio.timeout(grace_s):
            await watch(lambda: infrastructure.state(job_id), logger, 1.0)
    except TimeoutError:
        logger.warning("The job %s is told to end and still runs after %s s.", job_id, grace_s)
