"""The loop: look, decide, act, over and over. A round that fails is told once, and the next one goes on."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple
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
_LOOK_S = 15.0
"""A place, or a single job, that takes longer to answer is not judged in that round."""
_FRESH = 5
"""The last round is too old when so many pauses between two rounds have gone by, and a minute at least."""


class Round(NamedTuple):
    """One round of looks."""

    number: int
    """How many rounds there were until now."""
    jobs: int
    """How many living jobs there were."""
    took_s: float
    at_s: float
    """When, by the monotonic clock."""


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
        self._last: Round | None = None
        self._told = self._missing = ""
        self._looks, self._acts, self._crashes = (asyncio.Semaphore(_AT_ONCE) for _ in range(3))
        self._under_way: dict[str, asyncio.Task[None]] = {}
        self._news = asyncio.Condition()
        self._tended: frozenset[UUID] = frozenset()

    @property
    def blind(self) -> bool:
        """Whether a place of jobs did not answer in the last round."""
        return bool(self._missing)

    @property
    def last_round(self) -> Round | None:
        """None until Prefect, and Anyscale where it is used, have answered once, and when that was long ago."""
        oldest_s = max(_FRESH * max(self._timing.tick_s, _LONGEST_PAUSE_S * self.blind), 60.0)
        return self._last if self._last is not None and time.monotonic() - self._last.at_s < oldest_s else None

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
        began = time.monotonic()
        self._watch.tick(began)
        jobs, places, self._missing = await self._living(str(pool_id))
        self._tell(self._missing)
        sight = await self._look(pool_id, jobs, places)
        await self._do(decide(sight, self._watch, self._timing), places)
        await self._publish(sight, began)

    async def until_over(self, run_id: UUID) -> None:
        """Wait until a run needs a job no more."""
        seen = self._rounds + 2  # the round that is under way may have looked before the run was there
        async with self._news:
            await self._news.wait_for(lambda: self._rounds >= seen and run_id not in self._tended)

    async def _try(self) -> bool:
        """One round; whether all went well."""
        try:
            await self.tick()
        except (httpx.HTTPError, PlatformError, OSError) as error:
            self._tell(f"The runs cannot be looked at now: {type(error).__name__}")
            return False
        except Exception as error:  # a defect must not end the watch over all jobs; its text may quote a secret
            self._tell(f"The round of looks failed: {type(error).__name__}")
            self._logger.debug("The round of looks failed", exc_info=True)
            return False
        return not self.blind

    async def _living(self, pool_id: str) -> tuple[list[SeenJob], dict[str, Place], str]:
        """The living jobs of all places, the places that were listed, and what keeps another one from being."""
        opened = [self._places.anyscale(), *(self._places.ray(place_id) for place_id in self._ray_places)]
        listed = await asyncio.gather(*(self._list(opening, pool_id) for opening in opened))
        jobs = [job for _, found, _ in listed for job in found]
        places = {place.id: place for place, _, _ in listed if place is not None}
        # A Ray cluster that is gone is no reason to stop: its runs are judged by the claims.
        return jobs, places, listed[0][2]

    async def _list(
        self, opening: "Coroutine[Any, Any, Place | None]", pool_id: str
    ) -> tuple[Place | None, list[SeenJob], str]:
        try:
            async with asyncio.timeout(_LOOK_S):
                place = await opening
                return place, await place.living(pool_id) if place is not None else [], ""
        except Unauthorized as error:
            self._places.renew_login()
            return None, [], f"The jobs cannot be looked at now: {error.message}"
        except PlatformError as error:
            return None, [], f"The jobs cannot be looked at now: {error.message}"
        except TimeoutError:
            return None, [], f"The jobs cannot be looked at now: no answer in {_LOOK_S:g} s"

    def _tell(self, said: str) -> None:
        """Warn of what is wrong, once for as long as it stays the same."""
        if said and said != self._told:
            self._logger.warning("%s", said)
        self._told = said

    async def _look(self, pool_id: UUID, jobs: Sequence[SeenJob], places: Mapping[str, Place]) -> Sight:
        """The runs are read after the jobs: a run that goes on although its job had ended by then was left behind."""
        runs = await tended_runs(self._client, pool_id)
        known = {str(run.id) for run in runs}
        strangers = {run_id for job in jobs if (run_id := job.run_id) is not None} - known
        others = await runs_by_id(self._client, [UUID(run_id) for run_id in sorted(strangers)]) if strangers else {}
        sight = Sight(runs, jobs, others, frozenset(places), under_way=frozenset(self._submitting()))
        found: dict[UUID, SeenJob | None] = {}

        async def look_up(run: Run) -> None:
            if (claim := run.claim) is not None and (place := places.get(claim.place)) is not None:
                known = place.job(run.job) if run.job else place.of_attempt(str(run.id), claim.attempt)
                async with asyncio.timeout(_LOOK_S):
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
                turns = self._crashes if isinstance(action, Crash) else self._acts  # a crash reads the job's log
                task = asyncio.create_task(self._safely(turns, name, self._actor.act(action, place)))
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

    async def _publish(self, sight: Sight, began: float) -> None:
        claimed = {run.claim.place for run in sight.runs if run.claim is not None}
        lived_in = {job.place for job in sight.jobs}  # also where no run needs them any more
        self._ray_places = {place_id for place_id in claimed | lived_in if place_id.startswith("ray/")}
        self._rounds += 1
        if self._last is not None or not self.blind:
            now = time.monotonic()
            self._last = Round(self._rounds, len(sight.jobs), now - began, now)
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
