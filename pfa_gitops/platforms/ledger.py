"""Where a project's inventory and its lock are kept: the contract. The engine knows them by this only."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence

from pfa_gitops.model.holder import Holder
from pfa_gitops.model.inventory import Inventory
from pfa_gitops.model.values import Owner

Tell = Callable[[str], None]


class Lock(ABC):
    """The right to write a project's objects in one environment. Whoever dies with it loses it within 90 s."""

    @abstractmethod
    async def acquire(self, holder: Holder, timeout_s: float, tell: Tell) -> None:
        """Take it, and wait for it so long at most. Raises Locked with who holds it."""

    @abstractmethod
    async def release(self) -> None:
        """Give it back."""

    @abstractmethod
    async def hold(self) -> None:
        """Renew it until it is cancelled. Raises LockLost."""

    @abstractmethod
    def check(self) -> None:
        """Raises LockLost when it may be somebody else's by now. To be called before each write; asks nobody."""

    @abstractmethod
    async def holder(self) -> Holder | None:
        """Who holds it now; None where nobody does."""

    @abstractmethod
    async def free(self) -> None:
        """Take it from whoever holds it."""


class Ledger(ABC):
    """Keeps the inventory of one project in one environment."""

    owner: Owner

    @abstractmethod
    async def read(self) -> Inventory:
        """The inventory; an empty one, with a fresh key for its digests, where there is none yet."""

    async def everybody(self) -> Sequence[Inventory]:
        """The inventories of all projects and environments, without the keys of their digests. Raises ReaderError."""
        return [await self.read()]

    @abstractmethod
    async def write(self, inventory: Inventory) -> Inventory:
        """Write it, and return it with its new serial. To be called under the lock only."""
