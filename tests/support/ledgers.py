"""An inventory in memory and a lock that is always free, for tests of what does not depend on where they are kept."""

from collections.abc import Iterable
from dataclasses import replace

from pfa_gitops.engine.planning import World
from pfa_gitops.engine.readings import Clients, Kinds
from pfa_gitops.model.holder import Holder
from pfa_gitops.model.inventory import DigestKey, Inventory
from pfa_gitops.model.places import Address
from pfa_gitops.model.secrets import Sealed, SecretRef
from pfa_gitops.model.values import Owner
from pfa_gitops.platforms.ledger import Ledger, Lock, Tell


class MemoryLedger(Ledger):
    def __init__(self, environment: str = "test") -> None:
        self.owner = Owner("tests", environment)
        self.inventory = Inventory(self.owner, DigestKey(Sealed("no secret")))
        self.writes = 0

    async def read(self) -> Inventory:
        return self.inventory

    async def write(self, inventory: Inventory) -> Inventory:
        self.writes += 1
        self.inventory = replace(inventory, serial=inventory.serial + 1)
        return self.inventory

    def world(self, kinds: Kinds, clients: Clients) -> World:
        """What a plan reads. No secrets."""
        return World(kinds, clients, self.inventory, _no_secret)

    def only(self, addresses: Iterable[Address]) -> Inventory:
        wanted = set(addresses)
        kept = {address: entry for address, entry in self.inventory.entries.items() if address in wanted}
        return replace(self.inventory, entries=kept)


class OpenLock(Lock):
    async def acquire(self, holder: Holder, timeout_s: float, tell: Tell) -> None: ...
    async def release(self) -> None: ...
    async def hold(self) -> None: ...
    def check(self) -> None: ...
    async def holder(self) -> Holder | None: ...
    async def free(self) -> None: ...


async def _no_secret(ref: SecretRef) -> Sealed:
    raise AssertionError(f"nobody knows {ref}")
