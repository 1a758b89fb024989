"""Keeps the inventory while an apply goes on, such that being killed at any moment loses and doubles nothing.

What is about to be created is written down before the first request, and what is done soon after it. An object that a
killed apply left behind is then known as ours by its name.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import replace

from pfa_gitops.engine.planning import Planned
from pfa_gitops.model.errors import PfaError
from pfa_gitops.model.inventory import Entry, Inventory
from pfa_gitops.model.values import Action, Change, Key, Plan

Write = Callable[[Inventory], Awaitable[Inventory]]
"""Writes the inventory and returns it with its new serial."""

EVERY_S = 5.0
"""An apply writes the inventory at most so often: 200 creates take 6 s."""


class Record:
    """The inventory as one apply changes it."""

    def __init__(self, planned: Planned, write: Write) -> None:
        self._stored, self._inventory, self._manifests = planned.stored, planned.inventory, planned.manifests
        self._write = write
        self._writing = asyncio.Lock()

    @property
    def inventory(self) -> Inventory:
        """As it is now."""
        return self._inventory

    async def begin(self, plan: Plan) -> None:
        """Write down what is about to come to be, what was adopted, and what is the same with other words.

        Sends nothing when nothing of that is new.
        """
        for address in plan.forgotten:
            self._inventory = self._inventory.without(address)
        for change in plan.changes:
            if change.action is Action.NONE and change.desired is not None:
                self._note(change, change.existing.id)
            elif change.desired is not None:
                self._inventory = self._inventory.with_entry(change.address, self._intended(change))
        await self.flush()

    def _intended(self, change: Change) -> Entry:
        """What is true of an object from now on, whenever this apply may be killed."""
        coming = self._inventory.applied(self._manifests[change.address], "", pending=True)
        if change.action is Action.CREATE:
            return coming
        if change.action is Action.REPLACE and change.key != change.existing.key:
            return replace(coming, instead_of=change.existing.key)
        known = self._inventory.entries.get(change.address) or replace(coming, pending=False, applied={})
        # A field that is named for the first time may be written and not be noted: it must be known as ours.
        return replace(known, id=change.existing.id, applied={**coming.applied, **known.applied})

    def done(self, change: Change, ids: Mapping[Key, str]) -> None:
        """Note a change that was written."""
        entry = self._inventory.entries.get(change.address)
        if change.action is Action.DELETE and entry is not None and entry.instead_of is not None:
            self._inventory = self._inventory.with_entry(change.address, replace(entry, instead_of=None))
        elif change.action is Action.DELETE:
            self._inventory = self._inventory.without(change.address)
        else:
            self._note(change, ids[change.key])

    def never_was(self, change: Change) -> None:
        """Note that a create was not tried, or that somebody else's object stands in its place."""
        if change.action is Action.CREATE:
            self._inventory = self._inventory.without(change.address)

    def _note(self, change: Change, object_id: str) -> None:
        entry = self._inventory.applied(self._manifests[change.address], object_id)
        if self._inventory.entries.get(change.address) != entry:
            self._inventory = self._inventory.with_entry(change.address, entry)

    async def flush(self) -> None:
        """Write what is new since the last time. Sends nothing when nothing is."""
        async with self._writing:
            now = self._inventory
            if now.entries != self._stored.entries:
                self._stored = await self._write(replace(now, serial=self._stored.serial))

    async def keep(self) -> None:
        """Write from time to time, until it is cancelled."""
        while True:
            await asyncio.sleep(EVERY_S)
            with suppress(PfaError):  # it is tried again, at the latest in the end
                await self.flush()
