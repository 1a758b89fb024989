"""Keeps the inventory while an apply goes on, such that being killed at any moment loses and doubles nothing.

What is about to be created is written down before the first request, and what is done soon after it. An object that a
killed apply left behind is then known as ours by its name.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace

from pfa_gitops.engine.planning import Planned
from pfa_gitops.model.errors import PfaError
from pfa_gitops.model.history import Source, begun, ended, remembered
from pfa_gitops.model.inventory import Entry, Inventory
from pfa_gitops.model.places import Address
from pfa_gitops.model.values import Action, Change, Key, Outcome

Write = Callable[[Inventory], Awaitable[Inventory]]
"""Writes the inventory and returns it with its new serial."""

EVERY_S = 5.0
LONGEST_S = 60.0
TIMES_ITS_WRITE = 10
"""Between two writes of the inventory lies so much more time than one takes: a large one is slow to write."""


def at_start(planned: Planned) -> Inventory:
    """The inventory as it is true from before the first write on, whenever the apply may be killed. Pure.

    What is about to come to be is in it, what was adopted, and what was applied before and is only said otherwise now.
    """
    inventory, forgotten = planned.inventory, set(planned.plan.forgotten)
    entries = {address: entry for address, entry in inventory.entries.items() if address not in forgotten}
    for change in planned.plan.changes:
        if change.desired is not None:
            entries[change.address] = _at_start(change, planned, entries.get(change.address))
    return replace(inventory, entries=entries)


def _at_start(change: Change, planned: Planned, known: Entry | None) -> Entry:
    coming = planned.inventory.applied(planned.manifests[change.address], "", pending=True)
    if change.action is Action.CREATE:
        return coming
    there = replace(coming, id=change.existing.id, pending=False)
    if change.action is Action.NONE:
        return there
    known = known or replace(there, applied={})
    # A field that is named for the first time may be written and not be noted: it must be known as ours. One that is
    # named no more is ours until it was put back.
    applied = {**coming.applied, **known.applied}
    if change.key != change.existing.key:
        return replace(coming, id=change.existing.id, instead_of=change.existing.key, applied=applied)
    return replace(known, id=change.existing.id, applied=applied)


def is_done(planned: Planned) -> bool:
    """Whether there is nothing to write, on no platform and not in the inventory.

    Another id alone is no reason to: a new version of an object has one, and nothing is decided by it.
    """
    return not planned.plan.pending and _but_ids(at_start(planned)) == _but_ids(planned.stored)


def _but_ids(inventory: Inventory) -> dict[Address, Entry]:
    return {address: replace(entry, id="") for address, entry in inventory.entries.items()}


def pause_after(took_s: float) -> float:
    """How long to wait after a write of the inventory that took so long, in seconds. Pure."""
    return min(LONGEST_S, max(EVERY_S, TIMES_ITS_WRITE * took_s))


class Record:
    """The inventory as one apply changes it. `left_out` is what it was to do, too, and does not: the history has it."""

    def __init__(
        self, planned: Planned, write: Write, source: Source | None = None, left_out: Sequence[Outcome] = ()
    ) -> None:
        self._planned, self._stored, self._inventory = planned, planned.stored, planned.inventory
        self._write = write
        self._writing = asyncio.Lock()
        self._left_out = left_out
        changes = (*planned.plan.changes, *(outcome.change for outcome in left_out))
        self._applied = begun(source, changes) if source else None

    async def begin(self) -> None:
        """Write down what is true from now on. Sends nothing when nothing of that is new.

        That an apply began is no reason to write; where it is written all the same, one that is killed is remembered.
        """
        self._inventory = at_start(self._planned)
        self._remember()
        await self.flush()

    async def take(self) -> None:
        """All of an import: the objects are ours from now on."""
        if self._applied is not None:
            self._applied = ended(self._applied, ())
        await self.begin()

    def _remember(self) -> None:
        if self._applied is not None:
            past = remembered(self._planned.stored.history, self._applied)
            self._inventory = replace(self._inventory, history=past)

    async def end(self, outcomes: Iterable[Outcome]) -> None:
        """Write what is left to be written, and how the apply ended."""
        if self._applied is not None:
            self._applied = ended(self._applied, (*outcomes, *self._left_out))
            self._remember()
        await self.flush(whole=True)

    def done(self, change: Change, ids: Mapping[Key, str]) -> None:
        """Note a change that was written."""
        entry = self._inventory.entries.get(change.address)
        if change.action is Action.DELETE and entry is not None and entry.instead_of is not None:
            self._inventory = self._inventory.with_entry(change.address, replace(entry, instead_of=None))
        elif change.action is Action.DELETE:
            self._inventory = self._inventory.without(change.address)
        else:
            done = self._inventory.applied(self._planned.manifests[change.address], ids[change.key])
            self._inventory = self._inventory.with_entry(change.address, done)

    def never_was(self, change: Change) -> None:
        """Note that a create was not tried, or that somebody else's object stands in its place."""
        if change.action is Action.CREATE:
            self._inventory = self._inventory.without(change.address)

    async def flush(self, *, whole: bool = False) -> None:
        """Write what is new since the last time. Sends nothing when nothing is. The history alone counts in the end."""
        async with self._writing:
            now = self._inventory
            if now.entries != self._stored.entries or (whole and now.history != self._stored.history):
                self._stored = await self._write(replace(now, serial=self._stored.serial))

    async def keep(self) -> None:
        """Write every `EVERY_S`, or a large inventory up to every `LONGEST_S`, until it is cancelled."""
        wait = EVERY_S
        while True:
            await asyncio.sleep(wait)
            began = time.monotonic()
            with suppress(PfaError):  # it is tried again, at the latest in the end
                await self.flush()
                wait = pause_after(time.monotonic() - began)
