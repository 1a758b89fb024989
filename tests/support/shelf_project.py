"""A project on the shelf of tests/unit/engine, with an inventory that outlives each apply."""

import asyncio
from dataclasses import replace

from support.ledgers import MemoryLedger, OpenLock

from pfa_gitops.engine.apply import Apply
from pfa_gitops.engine.guards import Bounds
from pfa_gitops.engine.planning import plan_all, plan_destroy, plan_import
from pfa_gitops.engine.record import Record


class Killed(BaseException):
    """The process is gone: nothing goes on."""


class Project:
    """Plans and applies as the commands do."""

    def __init__(self, shelf, kinds) -> None:
        self.shelf, self.kinds, self.ledger = shelf, kinds, MemoryLedger()
        self.moves = {}

    def plan(self, *manifests, **bounds):
        return asyncio.run(plan_all(self.world(), manifests, Bounds(**bounds)))

    def destroy(self):
        return asyncio.run(plan_destroy(self.world()))

    def take(self, *manifests, only=None):
        planned = asyncio.run(plan_import(self.world(), manifests, only))
        asyncio.run(self._record(planned).begin())
        return [change.address.name for change in planned.plan.changes]

    def carry_out(self, planned, lock=None):
        run = Apply(planned.plan, self.kinds, {"shelf": self.shelf}, self._record(planned), lock or OpenLock())
        return {outcome.change.address.name: outcome.result for outcome in asyncio.run(run.run())}

    def apply(self, *manifests):
        return self.carry_out(self.plan(*manifests))

    def names(self):
        return sorted(address.name for address in self.ledger.inventory.entries)

    def world(self):
        return replace(self.ledger.world(self.kinds, {"shelf": self.shelf}), moves=self.moves)

    def _record(self, planned):
        async def write(inventory):
            if self.shelf.dead:
                raise Killed
            return await self.ledger.write(inventory)

        return Record(planned, write)


def actions(planned):
    return {change.address.name: change.action for change in planned.plan.changes}
