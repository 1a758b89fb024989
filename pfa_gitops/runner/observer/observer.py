"""The loop: look, decide, act, over and over. A round that fails is told once, and the next one goes on."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

import httpx

from pfa_gitops.model.errors import PlatformError, Unauthorized
from pfa_gitops.runner.observer.act import Actor, Logger
from pfa_gitops.runner.observer.decide import decide, to_look_up
from pfa_gitops.runner.observer.read import runs_by_id, tended_runs
from pfa_gitops.runner.observer.stopwatch import Stopwatch
from pfa_gitops.runner.observer.values import Action, Adopt, Crash, End, Run, Sight
from pfa_gitops.runner.places import Place, SeenJob
from pfa_gitops.runner.places.reach import Places
from pfa_gitops.runner.run_states import RunStates
from pfa_gitops.runner.timing import Timing

if TYPE_CHECKING:
    from prefect.client.orchestration import PrefectClient

_AT_ONCE = 8
_LONGEST_PAUSE_S = 30.0


class Round(NamedTuple):
    """One round of looks."""

    jobs: int
    """How many living jobs there were."""
    took_s: float


class Observer:
    """Sees to the runs of one pool and their jobs. `run` ends only when it is cancelled."""

    def __init__(
        self,
        client: "PrefectClient",
        pool_id: Callable[[], UUID | None],
        places: Places,
        under_way: Callable[[], Iterable[UUID]],
        *,
        states: RunStates,
        timing: Timing,
        logger: Logger,
    ) -> None:
        """`pool_id` tells the pool once it is known, `under_way` the runs that this worker is submitting."""
        self._client, self._pool_id, self._places, self._submitting = client, pool_id, places, under_way
        self._timing, self._logger = timing, logger
        self._actor = Actor(client, states, logger)
        self._watch = Stopwatch(longest_gap_s=3 * timing.tick_s)
        self._ray_places: set[str] = set()
        self._rounds = 0
        self.last_round: Round | None = None
        """None until Prefect, and Anyscale where it is used, have answered once."""
        self._told = self._missing = ""
        self._looks, self._acts = asyncio.Semaphore(_AT_ONCE), asyncio.Semaphore(_AT_ONCE)
        self._under_way: dict[str, asyncio.Task[None]] = {}
        self._news = asyncio.Condition()
        self._tended: frozenset[UUID] = frozenset()

    @property
    def blind(self) -> bool:
        """Whether a place of jobs did not answer in the last round."""
        return bool(self._missing)

    async def run(self) -> None:
        """Look and act until cancelled."""
        failures = 0
        try:
            while True:
                failures = 0 if await self._try() else failures + 1
                pause_s = self._timing.tick_s * (1 + failures)
                await asyncio.sleep(min(pause_s, max(_LONGEST_PAUSE_S, self._timing.tick_s)))
        finally:
            for task in self._under_way.values():
                task.cancel()

    async def tick(self) -> None:
        """One round. Raises what Prefect's client raises."""
        pool_id = self._pool_id()
        if pool_id is None:  # the pool is not there yet
            return
        began, self._missing = time.monotonic(), ""
        self._watch.tick(began)
        places = await self._open_places()
        jobs, listed = await self._living(places, pool_id)
        sight = await self._look(pool_id, jobs, {place_id: places[place_id] for place_id in listed})
        await self._do(decide(sight, self._watch, self._timing), places)
        self._tell(self._missing)
        await self._publish(sight, time.monotonic() - began)

    async def until_over(self, run_id: UUID) -> None:
        """Wait until a run needs a job no more."""
        seen = self._rounds + 2  # the round that is under way may have looked before the run was there
        async with self._news:
            await self._news.wait_for(lambda: self._rounds >= seen and run_id not in self._tended)

    async def _try(self) -> bool:
        try:
            await self.tick()
        except (httpx.HTTPError, PlatformError, OSError) as error:
            self._tell(f"The runs cannot be looked at now: {type(error).__name__}")
            return False
        except Exception as error:  # a defect must not end the watch over all jobs; its text may quote a secret
            self._tell(f"The round of looks failed: {type(error).__name__}")
            self._logger.debug("The round of looks failed", exc_info=True)
            return False
        return True

    async def _open_places(self) -> dict[str, Place]:
        found = dict(await self._places.reached(self._ray_places))
        if (anyscale := await self._anyscale()) is not None:
            found[anyscale.id] = anyscale
        return found

    async def _anyscale(self) -> Place | None:
        try:
            return await self._places.anyscale()
        except PlatformError as error:
            self._unreachable(error)
            return None

    async def _living(self, places: Mapping[str, Place], pool_id: UUID) -> tuple[list[SeenJob], frozenset[str]]:
        """One listing per place; a place that does not answer is not judged in this round."""
        found: list[SeenJob] = []
        listed = set()
        for place in places.values():
            try:
                found += await place.living(str(pool_id))
            except PlatformError as error:
                self._unreachable(error)
                continue
            listed.add(place.id)
        return found, frozenset(listed)

    def _unreachable(self, error: PlatformError) -> None:
        if isinstance(error, Unauthorized):
            self._places.renew_login()
        self._missing = f"The jobs cannot be looked at now: {error.message}"

    def _tell(self, said: str) -> None:
        """Warn of what is wrong, once for as long as it stays the same."""
        if said and said != self._told:
            self._logger.warning("%s", said)
        self._told = said

    async def _look(self, pool_id: UUID, jobs: Sequence[SeenJob], places: Mapping[str, Place]) -> Sight:
        """The runs are read after the jobs: a run that goes on although its job had ended by then was left behind."""
        runs = await tended_runs(self._client, pool_id)
        known = {str(run.id) for run in runs}
        strangers = {job.of[0] for job in jobs if job.of is not None} - known
        others = await runs_by_id(self._client, [UUID(run_id) for run_id in sorted(strangers)]) if strangers else {}
        sight = Sight(runs, jobs, others, frozenset(places), under_way=frozenset(self._submitting()))
        found: dict[UUID, SeenJob | None] = {}

        async def look_up(run: Run) -> None:
            if (claim := run.claim) is not None and (place := places.get(claim.place)) is not None:
                known = place.job(run.job) if run.job else place.of_attempt(str(run.id), claim.attempt)
                found[run.id] = await known

        unseen = to_look_up(sight, self._watch, self._timing)
        await asyncio.gather(
            *(self._safely(self._looks, f"The look for the job of {run.name}", look_up(run)) for run in unseen)
        )
        return replace(sight, found=found)

    async def _do(self, actions: Iterable[Action], places: Mapping[str, Place]) -> None:
        """Do everything, but do not wait for long: to end one job must not hold up the looks at all others."""
        for action in actions:
            name = _name_of(action)
            if name not in self._under_way:
                place = places.get(_place_of(action))
                task = asyncio.create_task(self._safely(self._acts, name, self._actor.act(action, place)))
                self._under_way[name] = task
                task.add_done_callback(lambda _, name=name: self._under_way.pop(name, None))  # type: ignore[misc]
        if self._under_way:
            await asyncio.wait(self._under_way.values(), timeout=self._timing.tick_s)

    async def _safely(self, turns: asyncio.Semaphore, name: str, doing: Awaitable[None]) -> None:
        """What fails is told and left to the next round. A text may quote a secret, a type's name does not."""
        async with turns:
            try:
                await doing
            except Exception as error:
                self._logger.warning("%s failed: %s", name, type(error).__name__)

    async def _publish(self, sight: Sight, took_s: float) -> None:
        claimed = {run.claim.place for run in sight.runs if run.claim is not None}
        self._ray_places = {place_id for place_id in claimed if place_id.startswith("ray/")}
        if self.last_round is not None or not self._missing:
            self.last_round = Round(len(sight.jobs), took_s)
        self._rounds += 1
        async with self._news:
            self._tended = frozenset(run.id for run in sight.runs)
            self._news.notify_all()


def _name_of(action: Action) -> str:
    match action:
        case End(job):
            return f"End of {job.id}"
        case _:
            return f"{type(action).__name__} of {action.run.name} ({action.run.id})"


def _place_of(action: Action) -> str:
    match action:
        case End(job) | Adopt(_, job):
            return job.place
        case Crash(_, _, job) if job is not None:
            return job.place
        case _:
            return ""
