"""Gets a run that was picked up its one job: claim, look where one may be there already, submit, write it down."""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING
from uuid import UUID

import httpx
from prefect.exceptions import ObjectNotFound

from pfa_gitops.model.errors import CutOff, MaybeArrived, PlatformError, Unauthorized, Unavailable, Unreachable
from pfa_gitops.runner.claims import Claim, claim_in, next_claim
from pfa_gitops.runner.configuration import AnyscaleConfiguration
from pfa_gitops.runner.infra import AnyscaleJobInfra, Infra
from pfa_gitops.runner.job_environment import sealed_environment
from pfa_gitops.runner.observer.act import Logger
from pfa_gitops.runner.observer.read import as_run, phase_of, pick_up_of
from pfa_gitops.runner.observer.values import Phase
from pfa_gitops.runner.places import Place
from pfa_gitops.runner.places.reach import Places
from pfa_gitops.runner.prefect_away import passes
from pfa_gitops.runner.run_states import RunStates
from pfa_gitops.runner.submission import Job, job_name, run_tags
from pfa_gitops.runner.timing import Timing

if TYPE_CHECKING:
    from prefect.client.orchestration import PrefectClient
    from prefect.client.schemas.objects import FlowRun

START_TIMEOUT_S = 3600
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 15.0, 300.0
_IN_FLIGHT_S = 120.0
"""A submit that was given up on may go on in its thread for as long as its last request."""


class Submitter:
    """Submits for one worker process, whose name and own id are the `holder` of its claims."""

    def __init__(self, client: "PrefectClient", places: Places, timing: Timing, holder: str) -> None:
        self._client, self._places, self._timing, self._holder = client, places, timing, holder
        self.states = RunStates(client)
        self._lingering: set[asyncio.Task[None]] = set()

    def close(self) -> None:
        """Let go of the claims that are still held."""
        for task in self._lingering:
            task.cancel()

    async def submit(self, flow_run: "FlowRun", configuration: AnyscaleConfiguration, logger: Logger) -> str | None:
        """Get the run its job. The job's id, or None when there is none yet and the run is looked after elsewhere.

        Raises PfaError when the run can never be submitted as it is, and what Prefect's client raises when it refuses.
        """
        try:
            return await self._submit(flow_run, configuration, logger)
        except httpx.HTTPError as error:
            if not passes(error):
                raise
            # What was not written down yet is found out by the observer, of whichever worker.
            logger.warning("Prefect does not answer: %s. The run is looked after later.", type(error).__name__)
            return None

    async def _submit(self, flow_run: "FlowRun", configuration: AnyscaleConfiguration, logger: Logger) -> str | None:
        claim: Claim | None = None
        try:
            place = await self._places.of(configuration.infra)
            claim = await self._claim(flow_run, place, configuration.infra)
            if claim is None:
                logger.info("The run is not this worker's any more; it gets no job from it.")
                return None
            async with self._beating(flow_run.id, claim):
                job_id = await self._found_or_sent(flow_run, claim, place, configuration)
        except MaybeArrived as error:
            logger.warning("%s. The job is looked for.", error.message)
            if isinstance(error, CutOff) and claim is not None:
                self._linger(flow_run.id, claim)
            return None
        except (Unauthorized, Unavailable, Unreachable) as error:
            if isinstance(error, Unauthorized) and claim is not None and await self._is_known(place):
                raise  # Anyscale refused this job only
            await self._later(flow_run.id, claim, error, logger)
            return None
        logger.info("Submitted the job %s: %s", job_id, place.page(job_id))
        return job_id

    async def _claim(self, picked_up: "FlowRun", place: Place, infra: Infra) -> Claim | None:
        """Take the attempt. None when the run was cancelled, taken back or deleted since it was picked up.

        Prefect may be slow, so that another worker has taken the run back and picked it up anew: then it has been
        scheduled for another time. After the write, which may have been slow, too, the run is looked at again.
        """
        run = await self._pending(picked_up)
        if run is None:
            return None
        last = claim_in(run.labels)
        fresh = Claim(
            1,
            self._holder,
            place.id,
            pick_up=pick_up_of(run),
            former=run.infrastructure_pid or "",
            start_timeout_s=_start_timeout_s(infra),
        )
        claim = next_claim(last, fresh)
        await self.states.claim(run.id, claim)
        after = await self._pending(picked_up)
        written = claim_in(after.labels) if after is not None else None
        return claim if written is not None and written.holder == self._holder else None

    async def _pending(self, picked_up: "FlowRun") -> "FlowRun | None":
        """The run as it is now, if it is Pending since that pick-up and nobody else has claimed it."""
        try:
            run = await self._client.read_flow_run(picked_up.id)
        except ObjectNotFound:
            return None
        if phase_of(run) is not Phase.PENDING:
            return None
        scheduled = picked_up.next_scheduled_start_time
        if scheduled is not None and pick_up_of(run) != scheduled.isoformat():
            return None
        claim = as_run(run).current
        return run if claim is None or claim.holder == self._holder else None

    async def _found_or_sent(
        self, flow_run: "FlowRun", claim: Claim, place: Place, configuration: AnyscaleConfiguration
    ) -> str:
        if claim.again and (found := await place.of_attempt(str(flow_run.id), claim.attempt)) is not None:
            return found.id
        infra = configuration.infra
        job = Job(
            job_name(flow_run.name, flow_run.id, claim.attempt),
            run_tags(infra, flow_run.name, flow_run.id, claim.attempt, configuration.labels),
            sealed_environment(configuration.env, os.environ),
            configuration.command,
        )
        return await place.submit(infra, job)

    @asynccontextmanager
    async def _beating(self, run_id: UUID, claim: Claim) -> AsyncIterator[None]:
        """Show that the claim is held for as long as the submit takes."""
        beating = asyncio.create_task(self._beat(run_id, claim))
        try:
            yield
        finally:
            beating.cancel()

    async def _beat(self, run_id: UUID, claim: Claim) -> None:
        while True:
            await asyncio.sleep(self._timing.claim_s / 4)
            claim = replace(claim, beat=claim.beat + 1)
            with contextlib.suppress(httpx.HTTPError):  # away for a moment: nobody else can look then, either
                await self.states.claim(run_id, claim)

    def _linger(self, run_id: UUID, claim: Claim) -> None:
        """Go on holding the claim while what was cut off may still arrive."""

        async def hold() -> None:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_IN_FLIGHT_S):
                    await self._beat(run_id, claim)

        task = asyncio.create_task(hold())
        self._lingering.add(task)
        task.add_done_callback(self._lingering.discard)

    async def _is_known(self, place: Place) -> bool:
        """Whether the place takes this worker's login."""
        self._places.renew_login()
        try:
            await place.check_login()
        except PlatformError:
            return False
        return True

    async def _later(self, run_id: UUID, claim: Claim | None, error: PlatformError, logger: Logger) -> None:
        """Give the run back to its queue, to be picked up once the platform may be there again."""
        tries = claim.tries if claim is not None else 0
        pause_s = min(_FIRST_PAUSE_S * (1 << min(tries, 10)), _LONGEST_PAUSE_S)
        if claim is not None:
            await self.states.claim(run_id, replace(claim, holder="", tries=tries + 1))
        why = f"{error.message}. The job is submitted again in {pause_s:g} s."
        if await self.states.schedule(run_id, why, pause_s):
            logger.warning("%s", why)


def _start_timeout_s(infra: Infra) -> int:
    """A job in a queue of Anyscale's waits its turn for as long as that takes."""
    if not isinstance(infra, AnyscaleJobInfra):
        return 0
    if infra.job_start_timeout_s is not None:
        return infra.job_start_timeout_s
    return 0 if infra.job_queue_config else START_TIMEOUT_S
