"""Gets a run that was picked up its one job: claim, look where one may be there already, submit, write it down."""

import asyncio
import contextlib
import itertools
import os
from collections.abc import Coroutine
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from uuid import UUID

import httpx
from prefect.exceptions import ObjectNotFound

from pfa_gitops.model.errors import (
    CutOff,
    MaybeArrived,
    PfaError,
    PlatformError,
    Unauthorized,
    Unavailable,
    Unreachable,
)
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
from pfa_gitops.runner.run_states import TAKEN_BACK, RunStates
from pfa_gitops.runner.submission import Job, job_name, run_tags
from pfa_gitops.runner.timing import Timing

if TYPE_CHECKING:
    from prefect.client.orchestration import PrefectClient
    from prefect.client.schemas.objects import FlowRun

START_TIMEOUT_S = 3600
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 15.0, 300.0
_NOT_OURS = "The run is not this worker's any more; it gets no job from it."
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
        except MaybeArrived as error:
            logger.warning("%s. The job is looked for.", error.message)
        except PfaError:
            if await self._pending(flow_run) is not None:
                raise
            logger.info(_NOT_OURS)
        return None

    async def _submit(self, flow_run: "FlowRun", configuration: AnyscaleConfiguration, logger: Logger) -> str | None:
        claim: Claim | None = None
        try:
            place = await self._places.of(configuration.infra)
            if (claim := await self._claim(flow_run, place, configuration.infra)) is None:
                logger.info(_NOT_OURS)
                return None
            sending = self._found_or_sent(flow_run, claim, place, configuration)
            if (job_id := await self._while_ours(flow_run, claim, sending)) is None:
                logger.info("The run is taken back, or over. A job that may be under way is looked for.")
                return None
        except CutOff:
            if claim is not None:
                self._linger(flow_run, claim)
            raise
        except (Unauthorized, Unavailable, Unreachable) as error:
            if isinstance(error, Unauthorized) and claim is not None and await self._is_known(place):
                raise  # Anyscale refused this job only
            if flow_run.next_scheduled_start_time is None:
                raise  # it came from no queue, to which it could go back
            await self._later(flow_run, claim, error, logger)
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
        # All of it: the server reads, merges and writes labels, so that a former claim may have come back.
        return claim if after is not None and claim_in(after.labels) == replace(claim, again=False) else None

    async def _pending(self, picked_up: "FlowRun") -> "FlowRun | None":
        """The run as it is now, if it is Pending since that pick-up and nobody else has claimed it."""
        try:
            run = await self._client.read_flow_run(picked_up.id)
        except ObjectNotFound:
            return None
        if phase_of(run) is not Phase.PENDING or (run.state and run.state.name in TAKEN_BACK):
            return None
        scheduled = picked_up.next_scheduled_start_time
        if scheduled is not None and pick_up_of(run) != scheduled.isoformat():
            return None
        claim = as_run(run).current
        return run if claim is None or claim.holder == self._holder else None

    async def _is_ours(self, run_id: UUID, claim: Claim) -> bool:
        """Whether the run still needs the job that is being submitted under this claim.

        Its flow may begin, and even end, before the answer comes: then the job's id is still to be written down.
        """
        try:
            run = as_run(await self._client.read_flow_run(run_id))
        except ObjectNotFound:
            return False
        if run.state_name in TAKEN_BACK or run.current is None or not run.current.same_pick_up(claim):
            return False
        return run.phase in {Phase.PENDING, Phase.RUNNING} or (run.phase is Phase.FINAL and run.begun)

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

    async def _while_ours(self, picked_up: "FlowRun", claim: Claim, sending: Coroutine[Any, Any, str]) -> str | None:
        """Send, and show meanwhile that the claim is held. None when the run is ours no more."""
        task = asyncio.ensure_future(sending)
        try:
            for beat in itertools.count(1):
                done, _ = await asyncio.wait([task], timeout=self._timing.claim_s / 4)
                if done:
                    return task.result()
                if not await self._beat(picked_up, claim, beat):
                    return None
        finally:
            task.cancel()
        raise AssertionError("the loop ends by a return or an error")

    async def _beat(self, picked_up: "FlowRun", claim: Claim, beat: int) -> bool:
        """Show that the claim is held. False when the run is ours no more; a Prefect that is away says nothing."""
        try:
            if not await self._is_ours(picked_up.id, claim):
                return False
            await self.states.beat(picked_up.id, claim.beat + beat)
        except httpx.HTTPError:
            return True
        return True

    def _linger(self, picked_up: "FlowRun", claim: Claim) -> None:
        """Go on holding the claim while what was cut off may still arrive."""

        async def hold() -> None:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_IN_FLIGHT_S):
                    await self._while_ours(picked_up, claim, _for_ever())

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

    async def _later(self, picked_up: "FlowRun", claim: Claim | None, error: PlatformError, logger: Logger) -> None:
        """Give the run back to its queue, to be picked up once the platform may be there again; if it is still ours."""
        run = await self._pending(picked_up)
        if run is None or run.state is None or not await self.states.take_back(run.id, str(run.state.name)):
            return
        tries = claim.tries if claim is not None else 0
        pause_s = min(_FIRST_PAUSE_S * (1 << min(tries, 10)), _LONGEST_PAUSE_S)
        if claim is not None:
            await self.states.claim(run.id, replace(claim, holder="", tries=tries + 1))
        why = f"{error.message.rstrip('.')}. The job is submitted again in {pause_s:g} s."
        if await self.states.schedule(run.id, why, pause_s):
            logger.warning("%s", why)


async def _for_ever() -> str:
    await asyncio.Event().wait()
    raise AssertionError("nobody sets it")


def _start_timeout_s(infra: Infra) -> int:
    """A job in a queue of Anyscale's waits its turn for as long as that takes."""
    if not isinstance(infra, AnyscaleJobInfra):
        return 0
    if infra.job_start_timeout_s is not None:
        return infra.job_start_timeout_s
    return 0 if infra.job_queue_config else START_TIMEOUT_S
