"""Carries out a Plan. The only writer.

Changes start as soon as what they refer to is done. A failure blocks only what depends on it; the rest goes on.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from graphlib import TopologicalSorter

from pfa_gitops.engine.diff import diff
from pfa_gitops.engine.order import Before, before
from pfa_gitops.engine.readings import Clients, Kinds
from pfa_gitops.engine.record import Record
from pfa_gitops.engine.wait import wait_until_ready
from pfa_gitops.model.defects import REPORT, defect
from pfa_gitops.model.errors import Conflict, LockLost, PfaError, Problem, Unreachable
from pfa_gitops.model.places import Address
from pfa_gitops.model.values import Action, Change, Key, Outcome, Plan, Result
from pfa_gitops.platforms.ledger import Lock
from pfa_gitops.platforms.lost_replies import send

GIVEN_UP_AFTER = 2
"""Changes without an answer, after which nothing more is sent to a platform: one may be that object's own affair."""


@dataclass(frozen=True)
class Listener:
    """Who hears how an apply goes on. Each is called in the event loop and must not block."""

    started: Callable[[Change], None] = lambda change: None
    progress: Callable[[Change, str], None] = lambda change, message: None
    finished: Callable[[Outcome], None] = lambda outcome: None


@dataclass
class Apply:
    """One run over a plan: what is known of ids and outcomes so far."""

    plan: Plan
    kinds: Kinds
    clients: Clients
    record: Record
    lock: Lock
    listener: Listener = field(default_factory=Listener)
    at_once: int = 4
    ready_timeout_seconds: float = 900.0
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    """Set it to start nothing more: what is under way ends properly, the rest is skipped."""

    unrecorded: Problem | None = field(init=False, default=None)
    """Why the inventory could not be written at the end."""
    _before: Before = field(init=False, default_factory=dict)
    _ids: dict[Key, str] = field(init=False, default_factory=dict)
    _outcomes: dict[Address, Outcome] = field(init=False, default_factory=dict)
    _silent: Counter[str] = field(init=False, default_factory=Counter)
    """How many changes got no answer from a platform after all the tries."""

    async def run(self) -> tuple[Outcome, ...]:
        """Write every pending change and return all their outcomes, in the plan's order."""
        self._ids = {change.live.key: change.live.id for change in self.plan.changes if change.live}
        await self.record.begin()
        keeping = asyncio.create_task(self.record.keep())
        try:
            return await self._write_all()
        finally:
            keeping.cancel()
            await asyncio.gather(keeping, return_exceptions=True)
            await self._last_flush()

    async def _last_flush(self) -> None:
        """Without it the outcomes are still to be told: the next apply finds out what is ours."""
        try:
            await self.record.end(self._told())
        except PfaError as error:
            self.unrecorded = error.problem()

    async def _write_all(self) -> tuple[Outcome, ...]:
        pending = {change.address: change for change in self.plan.pending}
        self._before = before(self.plan.pending)
        sorter = TopologicalSorter(self._before)
        sorter.prepare()
        limit = asyncio.Semaphore(self.at_once)
        running: dict[asyncio.Task[Outcome], Address] = {}
        finished: asyncio.Queue[asyncio.Task[Outcome]] = asyncio.Queue()
        try:
            while sorter.is_active():
                for address in sorted(sorter.get_ready()):
                    task = asyncio.create_task(self._one(pending[address], limit))
                    task.add_done_callback(finished.put_nowait)
                    running[task] = address
                task = await finished.get()
                self._record(task.result())
                sorter.done(running.pop(task))
        finally:  # broken off: nothing is written any more when the inventory is
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)
        return tuple(self._outcomes[address] for address in pending)

    def _told(self) -> list[Outcome]:
        """What is known of each change by now. Of one that was broken off that is that it was skipped."""
        pending = self.plan.pending
        return [self._outcomes.get(change.address) or Outcome(change, Result.SKIPPED) for change in pending]

    def _record(self, outcome: Outcome) -> None:
        self._outcomes[outcome.change.address] = outcome
        self.listener.finished(outcome)

    async def _one(self, change: Change, limit: asyncio.Semaphore) -> Outcome:
        if blocker := self._blocker(change):
            self.record.never_was(change)
            message = f"not tried: {blocker} did not succeed"
            return Outcome(change, Result.BLOCKED, Problem(message, address=change.address))
        begin, platform = time.monotonic(), self.kinds[change.address.kind].platform
        try:
            async with limit:
                if reason := self._given_up(platform):
                    self.record.never_was(change)
                    return Outcome(change, Result.SKIPPED, Problem(f"not tried: {reason}", "apply again"))
                self.listener.started(change)
                await self._write(change)
            if change.action is not Action.DELETE:
                await self.kinds[change.address.kind].afterwards(self.clients[platform], change)
            ready = await self._ready(change)
        except Exception as error:  # whatever it is, the other changes go on, and each is told
            if isinstance(error, Conflict):
                self.record.never_was(change)
            self._silent[platform] += isinstance(error, Unreachable)
            return Outcome(change, Result.FAILED, _problem(error, change), time.monotonic() - begin)
        if not ready:
            problem = Problem("written, but not waited for until it is ready", "look at it on its platform")
            return Outcome(change, Result.SKIPPED, problem, time.monotonic() - begin)
        return Outcome(change, Result.DONE, None, time.monotonic() - begin)

    def _given_up(self, platform: str) -> str | None:
        """Why nothing more is started."""
        try:
            self.lock.check()
        except LockLost as error:
            return error.message
        if self.stop.is_set():
            return "apply was interrupted"
        if self._silent[platform] >= GIVEN_UP_AFTER:
            return f"{platform.capitalize()} cannot be reached"
        return None

    def _blocker(self, change: Change) -> Address | None:
        """The first thing that was to be done before `change` and was not."""
        for address in self._before[change.address]:
            if self._outcomes[address].result is not Result.DONE:
                return address
        return None

    async def _write(self, change: Change) -> None:
        kind = self.kinds[change.address.kind]
        client = self.clients[kind.platform]
        if change.action is Action.DELETE:
            await kind.delete(client, change.existing)
        if change.action is Action.UPDATE:
            if change.existing.key != change.key:
                await kind.rename(client, change.existing, change.key)
                self._ids[change.key] = change.existing.id
            if change.changed != {"name"}:
                await kind.update(client, change, self._ids)
        if change.action is Action.REPLACE:
            self._ids[change.key] = await self._replace(change)
        if change.action is Action.CREATE:
            self._ids[change.key] = await self._create(change)
        self.record.done(change, self._ids)

    async def _ready(self, change: Change) -> bool:
        """Wait until the object does its work. False: an interrupt came first."""
        if change.desired is None or change.action is Action.DELETE:
            return True
        kind = self.kinds[change.address.kind]
        return await wait_until_ready(
            kind,
            self.clients[kind.platform],
            change.desired,
            timeout_seconds=self.ready_timeout_seconds,
            tell=lambda message: self.listener.progress(change, message),
            stop=self.stop,
        )

    async def _replace(self, change: Change) -> str:
        """Put a new object in the place of the old one. One of another name is there before the old one goes."""
        kind = self.kinds[change.address.kind]
        if change.existing.key == change.key:
            return await kind.replace(self.clients[kind.platform], change, self._ids)

        async def create(wanted: Change) -> str:
            # A killed apply may have got so far already.
            return await self._arrived(wanted) or await self._create(replace(wanted, action=Action.CREATE, live=None))

        return await kind.succeed(self.clients[kind.platform], change, create)

    async def _create(self, change: Change) -> str:
        """Create, and where the answer was lost look before sending again: nothing is made twice."""
        kind = self.kinds[change.address.kind]
        client = self.clients[kind.platform]
        return await send(lambda: kind.create(client, change, self._ids), lambda: self._arrived(change))

    async def _arrived(self, change: Change) -> str | None:
        """The id of the object that a lost create left behind; what differs in it is written."""
        kind = self.kinds[change.address.kind]
        client = self.clients[kind.platform]
        lives = (await kind.observe(client, [change.manifest])).lives
        if not lives:
            return None
        rest = diff(change.manifest, lives[0], kind.rules)
        if rest.fields:
            await kind.update(client, rest, self._ids)
        return lives[0].id


def _problem(error: Exception, change: Change) -> Problem:
    """Why a change failed: what was refused, or a defect of ours."""
    origin = change.desired.origins.at(()) if change.desired else None
    if isinstance(error, PfaError):
        return error.problem(change.address, origin)
    return Problem(defect(error), f"{REPORT}; the other changes are not affected", origin, change.address)


def complete(outcomes: Sequence[Outcome]) -> bool:
    """Tell whether everything that was planned was done."""
    return all(outcome.result is Result.DONE for outcome in outcomes)
