"""A workspace with open clients: what commands ask platforms for, and write under the lock."""

import asyncio
import os
import secrets
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence, Set
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from importlib.metadata import version
from pathlib import Path as FilePath
from typing import TYPE_CHECKING, Any

from pfa_gitops import git
from pfa_gitops.engine.apply import Apply, Listener
from pfa_gitops.engine.drift import read_drift
from pfa_gitops.engine.guards import Bounds
from pfa_gitops.engine.ownership import unknown_kinds
from pfa_gitops.engine.planning import Planned, World, assessed, plan_all, plan_destroy, plan_import
from pfa_gitops.engine.readings import Clients, raise_failures
from pfa_gitops.engine.record import Record
from pfa_gitops.engine.saved import Fitted, fit
from pfa_gitops.engine.status import read_status
from pfa_gitops.engine.unmanaged import Claimed, read_claimed, strays
from pfa_gitops.manifests.pipeline import Workspace
from pfa_gitops.model.drift import DriftReport
from pfa_gitops.model.errors import PfaError, ProblemsFound, ReaderError
from pfa_gitops.model.flow_runs import Event, FlowRun
from pfa_gitops.model.history import Applied, Source
from pfa_gitops.model.holder import Holder
from pfa_gitops.model.inventory import Inventory
from pfa_gitops.model.places import Address, address
from pfa_gitops.model.receipts import SavedPlan, receipts
from pfa_gitops.model.risk import Risk
from pfa_gitops.model.secrets import Sealed
from pfa_gitops.model.status import StatusReport
from pfa_gitops.model.unmanaged import StraysReport
from pfa_gitops.model.values import Manifest, Outcome, Owner
from pfa_gitops.platforms.ledger import Ledger, Lock, Tell
from pfa_gitops.platforms.registry import kinds
from pfa_gitops.platforms.secret_stores import APART, SecretStores
from pfa_gitops.wiring.targets import OPENERS, open_clients, owner_of
from pfa_gitops.wiring.workspace_secrets import named_values

if TYPE_CHECKING:
    from pfa_gitops.convert.values import Conversion
    from pfa_gitops.export.export import Place

PREFECT = frozenset({"prefect"})
"""Where the inventory and the lock are."""


@dataclass(frozen=True)
class Connection:
    """A workspace with open clients for the platforms that its manifests name."""

    workspace: Workspace
    clients: Clients
    stores: SecretStores
    _open: Callable[[Set[str]], Awaitable[None]]
    """Opens clients for more platforms, into `clients`."""

    @property
    def owner(self) -> Owner:
        """Whose the objects are."""
        return owner_of(self.workspace)

    def saved(self, planned: Planned | None = None) -> SavedPlan:
        """A plan as it is kept until it is applied; without one, what any plan that is made here says of itself."""
        made = receipts(planned.plan.changes, planned.inventory) if planned else ()
        places = {platform: client.target.place for platform, client in self.clients.items()}
        return SavedPlan(version("pfa-gitops"), *self.owner, places, made)

    @cached_property
    def ledger(self) -> Ledger:
        """Where the inventory is kept. It knows the document once it was read."""
        from pfa_gitops.platforms.prefect._inventory import BlockLedger  # noqa: PLC0415 - the client's companion

        return BlockLedger(self.clients["prefect"], self.owner)

    async def serial(self) -> int:
        """How often the inventory was written by now."""
        return (await self.ledger.read()).serial

    def _lock(self) -> Lock:
        from pfa_gitops.holder import is_dead  # noqa: PLC0415 - plan takes no lock
        from pfa_gitops.platforms.prefect._lock import VariableLock  # noqa: PLC0415 - the same

        return VariableLock(self.clients["prefect"], self.owner, secrets.token_hex(8), is_dead)

    @asynccontextmanager
    async def locked(self, command: str, timeout_s: float, tell: Tell) -> AsyncIterator["Writer"]:
        """Hold the lock of the project in this environment meanwhile. Raises Locked."""
        from pfa_gitops.holder import this_process  # noqa: PLC0415 - plan takes no lock

        await self._open(PREFECT - self.clients.keys())
        lock, holder = self._lock(), this_process(os.environ, command)
        source = _source(holder, git.describe(self.workspace.root))  # before the lock, which is to be held by beats
        await lock.acquire(holder, timeout_s, tell)
        for client in self.clients.values():
            client.source = source
        holding = asyncio.create_task(lock.hold())
        try:
            yield Writer(self, lock, source)
        finally:
            holding.cancel()
            await asyncio.gather(holding, return_exceptions=True)
            await lock.release()

    async def unlock(self) -> Holder | None:
        """Take the lock from whoever holds it; who that was."""
        lock = self._lock()
        if (holder := await lock.holder()) is not None:
            await lock.free()
        return holder

    async def plan(self) -> Planned:
        """Fetch secrets, read the live side and the inventory, compare.

        Raises ProblemsFound or PlatformError; writes nothing.
        """
        found = self.workspace
        return await self._judged(await plan_all(await self._world(), found.manifests, self._bounds, found.notices))

    async def fit(self, planned: Planned, saved: SavedPlan) -> Fitted:
        """What is done of a saved plan, and what limits and policies say of that: what is not done breaks none."""
        fitted = fit(planned, saved)
        if not fitted.skipped:
            return fitted
        kept = await assessed(fitted.planned, kinds(), self.clients, self._bounds)
        return fitted._replace(planned=await self._judged(kept))

    @property
    def _bounds(self) -> Bounds:
        limits = self.workspace.environment.spec.limits
        forbidden = frozenset(map(Risk, limits.forbid))
        return Bounds(limits.max_deletes, limits.max_percent, limits.max_runs_affected, forbidden)

    async def _judged(self, planned: Planned) -> Planned:
        """The same with what the project's policies say of it."""
        if not (policies := self.workspace.project.spec.policies):
            return planned
        from pfa_gitops.policy.judging import judge  # noqa: PLC0415 - most projects have no policies

        verdicts = await asyncio.to_thread(judge, planned.plan, policies)  # the lock may be held, whose beats go on
        return replace(planned, plan=replace(planned.plan, verdicts=verdicts))

    async def plan_destroy(self) -> Planned:
        """What is to be deleted so that nothing of ours is left."""
        return await self._judged(await plan_destroy(await self._world()))

    async def plan_import(self, wanted: Collection[Address] | None) -> Planned:
        """What becomes ours of these manifests' objects, or of all. Plans no change."""
        return await plan_import(await self._world(), self.workspace.manifests, wanted)

    async def drift(self) -> DriftReport:
        """What is not as it was last applied. Writes nothing, and fetches no secret."""
        return await read_drift(await self._world(), self.workspace.notices)

    async def _world(self) -> World:
        """The inventory as it is now, and clients for all that it names.

        Raises ProblemsFound for one with kinds of another version.
        """
        await self._open(PREFECT - self.clients.keys())
        inventory = await self.ledger.read()
        if unknown := list(unknown_kinds(inventory, kinds())):
            raise ProblemsFound(unknown)
        platforms = {kinds()[address.kind].platform for address in inventory.entries}
        await self._open(platforms - self.clients.keys())
        moves = {address(move.former): address(move.to) for move in self.workspace.project.spec.moved}
        return World(
            kinds(),
            self.clients,
            inventory,
            self.stores.fetch,
            moves,
            self.ledger.everybody,
            self._known_values,
            self.workspace.project.spec.not_secret,
        )

    def _known_values(self) -> Mapping[str, Sealed]:
        fetched = {str(ref): value for ref, value in self.stores.fetched.items()}
        return {**named_values(self.workspace), **fetched}

    async def status(self, *, fetch: bool = False) -> StatusReport:
        """Read how the objects of the project do right now. Writes nothing.

        Secrets are fetched only to `fetch`, which tells whether they can be; their values are let go of.
        """
        found, secrets_of = self.workspace, self.stores.look_up if fetch else None
        name, manifests = found.environment.name, found.manifests
        return await read_status(name, manifests, kinds(), self.clients, world=self._world(), fetch=secrets_of)

    async def history(self) -> tuple[Applied, ...]:
        """The last applies, the newest at the end."""
        await self._open(PREFECT - self.clients.keys())
        return (await self.ledger.read()).history

    async def strays(self) -> StraysReport:
        """What exists on both platforms and is not this project's. Writes nothing, and reads no secret."""
        notices = await self._reach(PREFECT, OPENERS.keys())
        claimed, failures = await self._claimed()
        report = strays(self.workspace.environment.name, claimed, failures, self.owner)
        return replace(report, notices=tuple(notices))

    async def export(self, wanted: Sequence[Address] | None, root: FilePath) -> "Conversion":
        """Manifests of what is live, for a project at `root`. Writes nothing, and reads no secret.

        Raises ProblemsFound for what is not there, PlatformError.
        """
        from pfa_gitops.convert.values import Report, Sort  # noqa: PLC0415 - a plan needs none of it
        from pfa_gitops.export.choose import choose  # noqa: PLC0415 - the same
        from pfa_gitops.export.export import export  # noqa: PLC0415 - the same

        report, found = Report(), self.workspace
        named = {kinds()[one.kind].platform for one in wanted or ()}
        for notice in await self._reach(PREFECT | named, OPENERS.keys() if wanted is None else named):
            report.note(Sort.REFUSED, notice, "", None)
        claimed, failures = await self._claimed()
        raise_failures(failures)
        chosen = choose(claimed, wanted, self.owner, report)
        return await export(chosen, kinds(), self.clients, _place(found, root), report)

    async def _claimed(self) -> tuple[list[Claimed], list[PfaError]]:
        """Everything on the platforms that are reached, and whose it is."""
        inventories = await self.ledger.everybody()
        return await read_claimed(kinds().values(), self.clients, inventories, self.workspace.manifests)

    async def _reach(self, needed: Set[str], wished: Set[str]) -> list[str]:
        """Open clients; of what is only wished for, tell what is not configured."""
        await self._open(needed - self.clients.keys())
        notices = []
        for name in sorted(wished - self.clients.keys()):
            try:
                await self._open({name})
            except ReaderError as error:
                notices.append(f"{name.capitalize()} is not asked: {error.message}")
        return notices

    async def start_run(
        self, deployment: Manifest[Any], parameters: Mapping[str, Any], job_variables: Mapping[str, Any]
    ) -> FlowRun:
        """Create a flow run of a deployment.

        Raises NotFound where it was not applied yet, ProblemsFound where it does not take what is given.
        """
        from pfa_gitops.platforms.prefect._flow_runs import start  # noqa: PLC0415 - only `run` needs it

        return await start(self.clients["prefect"], deployment.key.name, parameters, job_variables)

    def follow_run(self, run: FlowRun) -> AsyncGenerator[Event]:
        """Yield a run's states and log lines, and why it waits, until it ends."""
        from pfa_gitops.platforms.prefect._follow_run import follow  # noqa: PLC0415 - only `run` needs it

        return follow(self.clients["prefect"], run.id)

    async def cancel_run(self, run: FlowRun) -> bool:
        """Ask for the end of a run. False where it had ended already."""
        from pfa_gitops.platforms.prefect._flow_runs import cancel  # noqa: PLC0415 - only `run` needs it

        return await cancel(self.clients["prefect"], run.id)


@dataclass(frozen=True)
class Writer:
    """A connection that may write, as it holds the lock."""

    connection: Connection
    lock: Lock
    source: Source
    """Whose writes they are, and of what commit."""

    def apply(self, fitted: Fitted, listener: Listener, ready_timeout_seconds: float) -> Apply:
        """Return the run that carries out what is left of a plan."""
        record, clients, lock = self.record(fitted.planned, fitted.skipped), self.connection.clients, self.lock
        plan, timeout = fitted.planned.plan, ready_timeout_seconds
        return Apply(plan, kinds(), clients, record, lock, listener, ready_timeout_seconds=timeout)

    def record(self, planned: Planned, left_out: Sequence[Outcome] = ()) -> Record:
        """Where it is written down what is ours."""

        async def write(inventory: Inventory) -> Inventory:
            self.lock.check()
            return await self.connection.ledger.write(inventory)

        return Record(planned, write, self.source, left_out)


@asynccontextmanager
async def connect(found: Workspace, only: Set[str] | None = None) -> AsyncIterator[Connection]:
    """Open what the manifests need, or `only` these platforms. Raises ReaderError where a target is not configured."""
    stores = SecretStores(os.environ, found.root, closed=bool(os.environ.get(APART)))
    clients: dict[str, Any] = {}
    async with AsyncExitStack() as stack:

        async def open_for(names: Set[str]) -> None:
            made = await open_clients({name: OPENERS[name] for name in sorted(names)}, found, stores)
            for name, client in made.items():
                clients[name] = await stack.enter_async_context(client)

        await open_for(only or {kinds()[manifest.address.kind].platform for manifest in found.manifests})
        if prefect := clients.get("prefect"):
            stores = replace(stores, read_block=prefect.read_block)
        yield Connection(found, clients, stores, open_for)


def _place(found: Workspace, root: FilePath) -> "Place":
    """What stands at `root` already."""
    from pfa_gitops.convert.values import manifest_name  # noqa: PLC0415 - a plan needs none of it
    from pfa_gitops.export.export import Place  # noqa: PLC0415 - the same

    if found.root.resolve() != root.resolve():
        return Place(manifest_name(root.resolve().name), root)
    return Place(found.project.name, root, found.manifests, tuple(found.project.spec.external))


def _source(holder: Holder, checkout: Mapping[str, str]) -> Source:
    """Who writes from now on, and what."""
    commit, dirty = checkout.get("commit", ""), checkout.get("dirty") == "true"
    return Source(holder.since, holder.who, holder.command, commit, dirty, holder.url)
