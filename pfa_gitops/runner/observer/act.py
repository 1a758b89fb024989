"""Does what was decided. Each action may be done twice, by this worker or another one, without harm."""

import logging
from dataclasses import replace
from typing import TYPE_CHECKING
from uuid import UUID

import httpx
from prefect.logging.loggers import get_logger

from pfa_gitops.model.errors import NotFound
from pfa_gitops.runner.claims import claim_in
from pfa_gitops.runner.job_log import copy_tail
from pfa_gitops.runner.observer.values import Action, Adopt, Beat, Cancel, Crash, End, Renew, Reschedule, Run
from pfa_gitops.runner.places import Place
from pfa_gitops.runner.run_states import RunStates

if TYPE_CHECKING:
    from prefect.client.orchestration import PrefectClient

Logger = logging.Logger | logging.LoggerAdapter[logging.Logger]

_LEASE_S = 300.0


class Actor:
    """Acts on one Prefect and the places that a worker reaches."""

    def __init__(self, client: "PrefectClient", states: RunStates, logger: Logger) -> None:
        self._client = client
        self._states = states
        self._logger = logger

    async def act(self, action: Action, place: Place | None) -> None:
        """Do one thing. `place` is where the job is. Raises what Prefect's client or the place raises."""
        match action:
            case Adopt(run, job):
                await self._adopt(run, job.id, place)
            case End(job, why) if place is not None:
                await self._end(job.id, why, place)
            case Crash():
                await self._crash(action, place)
            case Cancel(run, why):
                if await self._states.cancel(run.id, why):
                    self._logger.info("The run %s is cancelled: %s", run.name, why)
            case Reschedule(run, why):
                await self._reschedule(run, why)
            case Renew(run) if run.lease is not None:
                await self._renew(run, run.lease)
            case Beat(run) if run.claim is not None:
                await self._states.beat(run.id, run.claim.beat + 1)

    async def _adopt(self, run: Run, job_id: str, place: Place | None) -> None:
        await self._states.submitted(run.id, job_id)
        page = f" {place.page(job_id)}" if place is not None else ""
        _logger_of(run).info("Found the job %s of this run.%s", job_id, page)

    async def _end(self, job_id: str, why: str, place: Place) -> None:
        self._logger.info("Ending the job %s: %s", job_id, why)
        try:
            await place.stop(job_id)
        except NotFound:
            return

    async def _crash(self, action: Crash, place: Place | None) -> None:
        run = action.run
        if not await self._states.crash(run.id, action.why):
            return
        self._logger.warning("The run %s crashed: %s", run.name, action.why)
        if action.job is not None and place is not None:
            await copy_tail(self._client, run.id, place, action.job.id, _logger_of(run))

    async def _reschedule(self, run: Run, why: str) -> None:
        if not await self._states.take_back(run.id, run.state_name):
            return
        # Who had picked it up may have come back to life meanwhile: then its claim goes on, or gets stale.
        if claim_in((await self._client.read_flow_run(run.id)).labels) != run.claim:
            return
        if run.current is not None:
            await self._states.claim(run.id, replace(run.current, holder=""))
        if await self._states.schedule(run.id, why):
            self._logger.warning("The run %s goes back to its queue: %s", run.name, why)

    async def _renew(self, run: Run, lease: UUID) -> None:
        try:
            await self._client.renew_concurrency_lease(lease, lease_duration=_LEASE_S)
        except httpx.HTTPStatusError as error:
            # The slot is lost to somebody else: Prefect decides when the flow begins.
            self._logger.debug("The concurrency slot of %s: %s", run.name, error.response.status_code)


def _logger_of(run: Run) -> Logger:
    """The logger whose lines Prefect shows with the run."""
    extra = {"flow_run_id": str(run.id), "flow_run_name": run.name, "flow_name": ""}
    return logging.LoggerAdapter(get_logger("prefect.flow_runs.worker"), extra)
