"""The Prefect worker of type `anyscale`: picks flow runs up and submits a job for each.

It does not stay with a job. The flow's own states and logs come from the job, where `prefect flow-run execute` runs;
what the job cannot tell, that it never started or was ended from outside, the observer sees, of all runs of the pool.
"""

import asyncio
import math
import os
import time
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import anyio
import httpx
from prefect.exceptions import InfrastructureError, InfrastructureNotAvailable, InfrastructureNotFound
from prefect.workers.base import BaseVariables, BaseWorker, BaseWorkerResult

from pfa_gitops.model.errors import NotFound, PfaError
from pfa_gitops.platforms.anyscale._target import AnyscaleTarget
from pfa_gitops.runner.configuration import AnyscaleConfiguration, Variables
from pfa_gitops.runner.job_environment import wrong_sources
from pfa_gitops.runner.observer.observer import Observer
from pfa_gitops.runner.places import Place
from pfa_gitops.runner.places.reach import Places
from pfa_gitops.runner.refused_key import exit_code_when_refused
from pfa_gitops.runner.server_clock import LEAST_S, skew_s
from pfa_gitops.runner.signals import ended_by_signals
from pfa_gitops.runner.submit import Submitter
from pfa_gitops.runner.timing import Timing
from pfa_gitops.runner.worker_status import report

if TYPE_CHECKING:
    from prefect.client.schemas.objects import FlowRun


_AT_ONCE = 4
"""How many runs are submitted at the same time where no limit is set. More stall a Prefect server on SQLite."""
_SLOW_S = 20.0
"""A submit that takes longer, as it uploads or builds, makes room for another one."""
_ROOM_S = 0.1
_POLL_AGAIN_S = 10.0
_CLOCK_S = 60.0


class AnyscaleWorkerResult(BaseWorkerResult):
    """That the run is looked after: always 0. For any other code the base class would propose Crashed itself."""


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
        self._timing = Timing.read(os.environ, self._logger.warning)
        for flaw in wrong_sources(os.environ):
            self._logger.error("%s", flaw)
        self._places = Places(_target)
        self._opened = AsyncExitStack()
        self._submitter: Submitter | None = None
        self._observer: Observer | None = None
        self._background: list[asyncio.Task[None]] = []
        self._ahead_s, self._clock_read_at = 0.0, -math.inf

    async def start(self, *arguments: Any, **options: Any) -> None:
        """Start, and end with an exit code of its own when Prefect refuses the credentials."""
        with exit_code_when_refused(), ended_by_signals(self._logger.info):
            await super().start(*arguments, **options)

    async def setup(self) -> None:
        """Open the connections and begin to look after the pool's jobs."""
        await super().setup()
        if self._limiter is None:  # the base class would start all runs at once that it finds
            self._limiter = anyio.CapacityLimiter(_AT_ONCE)
        await self._opened.enter_async_context(self._places)
        holder = f"{self.name}/{uuid4().hex[:12]}"
        self._submitter = Submitter(self.client, self._places, self._timing, holder)
        self._observer = Observer(
            self.client,
            self._known_pool,
            self._places,
            lambda: self._submitting_flow_run_ids,  # the base class's: those before `run`, too
            states=self._submitter.states,
            timing=self._timing,
            logger=self._logger,
        )
        self._background = [
            asyncio.create_task(self._observer.run(), name="observer"),
            asyncio.create_task(self._places.warm_up(), name="warm-up"),
        ]

    async def teardown(self, *exc_info: Any) -> None:
        """Stop picking up. Submits that are under way get a little time; another worker goes on with the rest."""
        try:
            await super().teardown(*exc_info)
        finally:
            for task in self._background:
                task.cancel()
            await asyncio.gather(*self._background, return_exceptions=True)
            if self._submitter is not None:
                self._submitter.close()
            await self._opened.aclose()

    async def get_and_submit_flow_runs(self) -> list["FlowRun"]:
        """Poll, and say so to the agent that keeps this worker. Runs stay in their queue while no job can be submitted.

        While more runs are found than are submitted at once, poll again as soon as there is room, for a little while.
        """
        observer = self._observer
        submitted: list[FlowRun] = []
        if observer is None or not observer.blind:
            await self._set_clock()
            submitted = await super().get_and_submit_flow_runs()
            until = time.monotonic() + _POLL_AGAIN_S
            while self._limit is None and await self._is_room_again(until):
                submitted += await super().get_and_submit_flow_runs()
        if observer is not None and (last := observer.last_round) is not None:
            report(last.jobs, ticks=last.number, tick_s=last.took_s)
        return submitted

    async def _is_room_again(self, until: float) -> bool:
        """Whether all that is submitted at once was under way, and some of it is done now. False from `until` on."""
        if self.limiter.available_tokens >= 1:
            return False
        while self.limiter.available_tokens < 1 and time.monotonic() < until:  # noqa: ASYNC110 - nobody tells of it
            await asyncio.sleep(_ROOM_S)
        return time.monotonic() < until

    async def run(
        self,
        flow_run: "FlowRun",
        configuration: AnyscaleConfiguration,
        task_status: Any = None,
    ) -> AnyscaleWorkerResult:
        """Get the run its job and tell Prefect the job's id. With a worker's limit, stay until the run is over."""
        submitter, observer = self._submitter, self._observer
        if submitter is None or observer is None:
            raise InfrastructureError("The worker is not set up.")
        try:
            job_id = await self._submit(submitter, flow_run, configuration)
        except PfaError as error:
            # The base class would do the same, with a traceback for what is a mistake in a block.
            why = f"The job cannot be submitted: {error.message}. {error.mend}".strip(". ") + "."
            self.get_flow_run_logger(flow_run).error("%s", why)
            await submitter.states.crash(flow_run.id, why)
            job_id = ""
        if task_status is not None:
            task_status.started(job_id)  # without an id, the base class writes none and forgets the run
        if job_id and self._limit is not None:
            await observer.until_over(flow_run.id)
        return AnyscaleWorkerResult(identifier=job_id, status_code=0)

    async def _initiate_run(self, flow_run: "FlowRun", configuration: AnyscaleConfiguration) -> None:
        """What a flow that is called like a function goes through; first-party workers override it, too.

        Stays until the run is over: the caller's worker has no other reason to live, and nobody else may be there to
        see a job that dies early.
        """
        result = await self.run(flow_run, configuration)
        if result.identifier and self._submitter is not None and self._observer is not None:
            await self._submitter.states.submitted(flow_run.id, result.identifier)
            await self._observer.until_over(flow_run.id)

    async def kill_infrastructure(
        self, infrastructure_pid: str, configuration: AnyscaleConfiguration, grace_seconds: int = 30
    ) -> None:
        """End a run's job, and wait for its end up to `grace_seconds`."""
        try:
            place = await self._places.of(configuration.infra)
            job = await place.job(infrastructure_pid)
            if job is None or job.state.finished:
                how = f"has ended as {job.state.status}" if job is not None else "is not there"
                raise InfrastructureNotFound(f"The job {infrastructure_pid} {how}.")
            await place.stop(infrastructure_pid)
            with anyio.move_on_after(grace_seconds):
                await _gone(place, infrastructure_pid, self._timing.tick_s)
        except NotFound as error:
            raise InfrastructureNotFound(error.message) from None
        except PfaError as error:
            raise InfrastructureNotAvailable(error.message) from None

    async def _set_clock(self) -> None:
        """Ask for runs by Prefect's clock, where this machine's is wrong. The base class adds the prefetch to ours."""
        if time.monotonic() < self._clock_read_at + _CLOCK_S:
            return
        self._clock_read_at = time.monotonic()
        ahead_s = await skew_s(self.client)
        if abs(ahead_s - self._ahead_s) >= LEAST_S:
            self._logger.warning("Prefect's clock, which counts, is %+.0f s from this machine's.", ahead_s)
            self._prefetch_seconds += ahead_s - self._ahead_s
            self._ahead_s = ahead_s
            if self._submitter is not None:
                self._submitter.states.ahead_s = ahead_s

    def _known_pool(self) -> UUID | None:
        return None if self._work_pool is None else self._work_pool.id

    async def _submit(self, submitter: Submitter, flow_run: "FlowRun", configuration: AnyscaleConfiguration) -> str:
        """Get the run its job; an empty text where there is none yet.

        When the worker is told to end, a submit that is under way gets a little time, as it may be half-way. Then it is
        on us to write down its job, since the base class has stopped.
        """
        logger = self.get_flow_run_logger(flow_run)
        task = asyncio.ensure_future(submitter.submit(flow_run, configuration, logger))
        try:
            done, _ = await asyncio.wait([task], timeout=_SLOW_S)
            if not done and self._limit is None:
                with suppress(RuntimeError):  # a flow that was called holds no slot
                    self.limiter.release_on_behalf_of(flow_run.id)
            return await asyncio.shield(task) or ""
        except asyncio.CancelledError:
            with anyio.CancelScope(shield=True), suppress(httpx.HTTPError):  # the observer finds the job, too
                await asyncio.wait([task], timeout=self._timing.drain_s)
                if task.done() and not task.exception() and (job_id := task.result()):
                    await submitter.states.submitted(flow_run.id, job_id)
            task.cancel()
            raise


async def _gone(place: Place, job_id: str, pause_s: float) -> None:
    job = await place.job(job_id)
    while job is not None and not job.state.finished:
        await asyncio.sleep(pause_s)
        job = await place.job(job_id)


def _target() -> AnyscaleTarget:
    place = os.environ.get("ANYSCALE_CLOUD"), os.environ.get("ANYSCALE_PROJECT")
    return AnyscaleTarget.from_environment(os.environ, Path.home(), *place)
