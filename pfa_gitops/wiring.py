"""The composition root: puts files, environment, platforms and engine together. The only reader of the environment."""

import asyncio
import os
import secrets
from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Awaitable,
    Callable,
    Collection,
    Iterator,
    Mapping,
    Sequence,
    Set,
)
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
from pfa_gitops.engine.taint import in_manifests
from pfa_gitops.engine.unmanaged import Claimed, read_claimed, strays
from pfa_gitops.manifests.load import find_project
from pfa_gitops.manifests.names import CREDENTIALS
from pfa_gitops.manifests.pipeline import Workspace, files_of, read_workspace
from pfa_gitops.manifests.project import DEFAULT_ENVIRONMENT, Environment, Project, ProjectSpec
from pfa_gitops.manifests.schema import schemas as kind_schemas
from pfa_gitops.manifests.validate import Kinds
from pfa_gitops.model.drift import DriftReport
from pfa_gitops.model.errors import PfaError, Problem, ProblemsFound, ReaderError, SecretMissing
from pfa_gitops.model.flow_runs import Event, FlowRun
from pfa_gitops.model.history import Applied, Source
from pfa_gitops.model.holder import Holder
from pfa_gitops.model.inventory import Inventory
from pfa_gitops.model.known_secrets import KnownSecrets
from pfa_gitops.model.places import Address, Origin, Path, address
from pfa_gitops.model.receipts import SavedPlan, receipts
from pfa_gitops.model.risk import Risk
from pfa_gitops.model.secrets import Sealed, SecretRef, find_stored_refs
from pfa_gitops.model.status import StatusReport
from pfa_gitops.model.unmanaged import StraysReport
from pfa_gitops.model.values import Manifest, Owner
from pfa_gitops.platforms.ledger import Ledger, Lock, Tell
from pfa_gitops.platforms.registry import kinds
from pfa_gitops.platforms.secret_stores import APART, SecretStores
from pfa_gitops.views.plan_schema import PLAN_SCHEMA

if TYPE_CHECKING:
    from pfa_gitops.convert.values import Conversion
    from pfa_gitops.export.export import Place

Opener = Callable[[Workspace, SecretStores], Awaitable[Any]]
PREFECT = frozenset({"prefect"})
"""Where the inventory and the lock are."""


def workspace(directory: FilePath, environment: str | None) -> Workspace:
    """Read the project in `directory` for one environment. Raises ProblemsFound."""
    found = read_workspace(directory, environment, kinds(), os.environ, lambda: git.describe(directory))
    problems = list(_in_clear(found))
    if found.project.spec.policies:
        from pfa_gitops.policy.compiling import check_policies  # noqa: PLC0415 - most projects have no policies

        problems += check_policies(found)
    if problems:
        raise ProblemsFound(problems)
    return found


def manifest_files(directory: FilePath, environment: str | None) -> list[FilePath]:
    """The files of the project in `directory` that are read, as far as they can be found: none that is in its way."""
    try:
        return list(files_of(directory, environment, os.environ, lambda: git.describe(directory)))
    except ProblemsFound:
        return []


def _in_clear(found: Workspace) -> Iterator[Problem]:
    """Secrets of the environment that stand in what commands show, before any of them shows it."""
    if not (known := KnownSecrets(named_secrets(found))):
        return
    yield from in_manifests(found.manifests, known)
    for text in (*found.notices, *(policy.message for policy in found.project.spec.policies)):
        if (name := known.name_in(text)) is not None:
            message = f"a note, or a policy's message, holds the secret {name} in clear"
            yield Problem(message, "take it out", Origin(found.project.file, 1, 1))


def named_secrets(found: Workspace) -> Mapping[str, Sealed]:
    """The secrets that are known without asking any store: variables that references name, and our own credentials."""
    specs = (found.environment.spec, *(manifest.spec for manifest in found.manifests))
    referred = {one.ref.from_env for spec in specs for one in find_stored_refs(spec) if one.ref.from_env}
    names = {f"from_env {name}": name for name in (*CREDENTIALS, *referred)}
    for called in found.project.spec.not_secret:
        names.pop(called, None)
    return {called: Sealed(os.environ[name]) for called, name in names.items() if os.environ.get(name)}


def repository(directory: FilePath) -> tuple[FilePath | None, str | None]:
    """Where the repository of a folder begins, and the branch that others merge into, as far as git knows of them."""
    return git.root(directory), git.default_branch(directory)


def workspace_to_fill(directory: FilePath, environment: str | None, own: FilePath) -> Workspace:
    """The project in `directory`, which may have no manifests yet; where there is none, the one that `own` is to be.

    Raises ProblemsFound.
    """
    if has_project(directory):
        source = lambda: git.describe(directory)  # noqa: E731 - it is asked only when a template does
        return read_workspace(directory, environment, kinds(), os.environ, source, may_be_empty=True)
    if environment is not None:
        raise ReaderError(f"there is no project, and so no environment {environment}", "leave --environment out")
    from pfa_gitops.convert.values import manifest_name  # noqa: PLC0415 - a plan needs none of it

    name = manifest_name(own.resolve().name)
    return Workspace(own, Project(name, ProjectSpec(), ""), Environment(DEFAULT_ENVIRONMENT), ())


def has_project(directory: FilePath) -> bool:
    """Whether there is a project in a folder, or above it."""
    try:
        find_project(directory)
    except ProblemsFound:
        return False
    return True


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
        await lock.acquire(holder, timeout_s, tell)
        source = _source(holder, git.describe(self.workspace.root))
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
        return self._judged(await plan_all(await self._world(), found.manifests, self._bounds, found.notices))

    async def fit(self, planned: Planned, saved: SavedPlan) -> Fitted:
        """What is done of a saved plan, and what limits and policies say of that: what is not done breaks none."""
        fitted = fit(planned, saved)
        if not fitted.skipped:
            return fitted
        kept = await assessed(fitted.planned, kinds(), self.clients, self._bounds)
        return fitted._replace(planned=self._judged(kept))

    @property
    def _bounds(self) -> Bounds:
        limits = self.workspace.environment.spec.limits
        forbidden = frozenset(map(Risk, limits.forbid))
        return Bounds(limits.max_deletes, limits.max_percent, limits.max_runs_affected, forbidden)

    def _judged(self, planned: Planned) -> Planned:
        """The same with what the project's policies say of it."""
        if not (policies := self.workspace.project.spec.policies):
            return planned
        from pfa_gitops.policy.judging import judge  # noqa: PLC0415 - most projects have no policies

        return replace(planned, plan=replace(planned.plan, verdicts=judge(planned.plan, policies)))

    async def plan_destroy(self) -> Planned:
        """What is to be deleted so that nothing of ours is left."""
        return self._judged(await plan_destroy(await self._world()))

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
            kinds(), self.clients, inventory, self.stores.fetch, moves, self.ledger.everybody, self._known_secrets
        )

    def _known_secrets(self) -> Mapping[str, Sealed]:
        fetched = {str(ref): value for ref, value in self.stores.fetched.items()}
        plain = self.workspace.project.spec.not_secret
        return {**named_secrets(self.workspace), **{name: fetched[name] for name in fetched.keys() - set(plain)}}

    async def status(self, *, fetch: bool = False) -> StatusReport:
        """Read how the objects of the project do right now. Writes nothing.

        Secrets are fetched only to `fetch`, which tells whether they can be; their values are let go of.
        """
        found, secrets_of = self.workspace, self.stores.fetch if fetch else None
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

    def apply(self, planned: Planned, listener: Listener, ready_timeout_seconds: float) -> Apply:
        """Return the run that carries out a plan."""
        record, clients, timeout = self.record(planned), self.connection.clients, ready_timeout_seconds
        return Apply(planned.plan, kinds(), clients, record, self.lock, listener, ready_timeout_seconds=timeout)

    def record(self, planned: Planned) -> Record:
        """Where it is written down what is ours."""

        async def write(inventory: Inventory) -> Inventory:
            self.lock.check()
            return await self.connection.ledger.write(inventory)

        return Record(planned, write, self.source)


@asynccontextmanager
async def connect(found: Workspace, only: Set[str] | None = None) -> AsyncIterator[Connection]:
    """Open what the manifests need, or `only` these platforms. Raises ReaderError where a target is not configured."""
    stores = SecretStores(os.environ, found.root, closed=bool(os.environ.get(APART)))
    clients: dict[str, Any] = {}
    async with AsyncExitStack() as stack:

        async def open_for(names: Set[str]) -> None:
            made = await _made({name: OPENERS[name] for name in sorted(names)}, found, stores)
            for name, client in made.items():
                clients[name] = await stack.enter_async_context(client)

        await open_for(only or {kinds()[manifest.address.kind].platform for manifest in found.manifests})
        if prefect := clients.get("prefect"):
            stores = replace(stores, read_block=prefect.read_block)
        yield Connection(found, clients, stores, open_for)


async def _made(openers: Mapping[str, Opener], found: Workspace, stores: SecretStores) -> dict[str, Any]:
    """Make the clients, or say of all of them what is not configured."""
    clients: dict[str, Any] = {}
    problems: list[Problem] = []
    for name, opener in openers.items():
        try:
            clients[name] = await opener(found, stores)
        except ReaderError as error:
            problems += error.problems
    if problems:
        raise ProblemsFound(problems)
    return clients


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


def owner_of(found: Workspace) -> Owner:
    """Whose the objects of a workspace are."""
    return Owner(found.project.name, found.environment.name)


async def _prefect(found: Workspace, stores: SecretStores) -> Any:
    from pfa_gitops.platforms.prefect._client import PrefectClient  # noqa: PLC0415 - brings httpx
    from pfa_gitops.platforms.prefect._target import PrefectTarget  # noqa: PLC0415 - its companion

    wanted = found.environment.spec.prefect
    # Files of settings may lead to a login of this machine: a stranger's checkout has no say in that.
    directory = FilePath.home() if stores.closed else FilePath.cwd()
    profile = {"PREFECT_PROFILE": wanted.profile} if wanted.profile else {}
    target = PrefectTarget.from_environment(
        {**os.environ, **profile},
        FilePath.home(),
        directory,
        api_url=wanted.api_url,
        api_key=await _fetched(found, ("prefect", "api_key"), wanted.api_key, stores),
        auth_string=await _fetched(found, ("prefect", "auth_string"), wanted.auth_string, stores),
    )
    client = PrefectClient(target)
    client.owner = owner_of(found)
    return client


async def _anyscale(found: Workspace, stores: SecretStores) -> Any:
    from pfa_gitops.platforms.anyscale._client import AnyscaleClient  # noqa: PLC0415 - brings httpx
    from pfa_gitops.platforms.anyscale._target import AnyscaleTarget  # noqa: PLC0415 - its companion

    wanted = found.environment.spec.anyscale
    target = AnyscaleTarget.from_environment(
        os.environ,
        FilePath.home(),
        wanted.cloud,
        wanted.project,
        host=wanted.host,
        token=await _fetched(found, ("anyscale", "cli_token"), wanted.cli_token, stores),
    )
    client = AnyscaleClient(target)
    client.owner = owner_of(found)
    return client


OPENERS: Mapping[str, Opener] = {"prefect": _prefect, "anyscale": _anyscale}


async def _fetched(found: Workspace, field: Path, ref: SecretRef | None, stores: SecretStores) -> Sealed | None:
    """The value behind a secret of the environment. Where it is missing, say where the project file names it."""
    try:
        return await stores.fetch(ref) if ref else None
    except SecretMissing as error:
        origin = found.project.origins.at(("spec", "environments", found.environment.name, *field))
        raise ProblemsFound([error.problem(origin=origin)]) from None


def schemas() -> dict[str, Any]:
    """Return the JSON Schema of every kind, of the project, the override and the plan, by name."""
    return kind_schemas(kinds()) | {"plan": PLAN_SCHEMA}


def colour_wanted(stream: Any) -> bool:
    """Colour only on a terminal, and never where NO_COLOR is set."""
    return bool(stream.isatty()) and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def known_kinds() -> Kinds:
    """Every kind by name, for commands that ask no platform."""
    return kinds()
