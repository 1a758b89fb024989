"""The composition root: puts files, environment, platforms and engine together. The only reader of the environment."""

import os
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping, Set
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import Any

from pfa_gitops import git
from pfa_gitops.engine.apply import Apply, Listener
from pfa_gitops.engine.observe import observe
from pfa_gitops.engine.plan import make_plan
from pfa_gitops.engine.readings import Clients
from pfa_gitops.engine.seal import seal
from pfa_gitops.engine.status import read_status
from pfa_gitops.manifests.pipeline import Workspace, read_workspace
from pfa_gitops.manifests.schema import schemas as kind_schemas
from pfa_gitops.model.errors import Problem, ProblemsFound, ReaderError, SecretMissing
from pfa_gitops.model.flow_runs import Event, FlowRun
from pfa_gitops.model.places import Path
from pfa_gitops.model.secrets import Sealed, SecretRef
from pfa_gitops.model.status import StatusReport
from pfa_gitops.model.values import Manifest, Plan
from pfa_gitops.platforms.prefect import _flow_runs as flow_runs
from pfa_gitops.platforms.prefect._follow_run import follow
from pfa_gitops.platforms.registry import kinds
from pfa_gitops.platforms.secret_stores import SecretStores
from pfa_gitops.views.plan_schema import PLAN_SCHEMA

Opener = Callable[[Workspace, SecretStores], Awaitable[Any]]


def workspace(directory: FilePath, environment: str | None) -> Workspace:
    """Read the project in `directory` for one environment. Raises ProblemsFound."""
    return read_workspace(directory, environment, kinds(), os.environ, lambda: git.describe(directory))


@dataclass(frozen=True)
class Connection:
    """A workspace with open clients for the platforms that its manifests name."""

    workspace: Workspace
    clients: Clients
    stores: SecretStores

    async def plan(self) -> Plan:
        """Fetch secrets, read the live side, compare. Raises ProblemsFound or PlatformError; writes nothing."""
        sealed, missing = await seal(self.workspace.manifests, kinds(), self.stores.fetch)
        observed = await observe(sealed, kinds(), self.clients)
        if problems := [*missing, *observed.problems]:
            raise ProblemsFound(problems)
        environment, notices = self.workspace.environment.name, self.workspace.notices
        return make_plan(environment, sealed, observed.lives, kinds(), notices)

    def apply(self, plan: Plan, listener: Listener, ready_timeout_seconds: float) -> Apply:
        """Return the run that carries out `plan` over the same connections."""
        return Apply(plan, kinds(), self.clients, listener, ready_timeout_seconds=ready_timeout_seconds)

    async def status(self) -> StatusReport:
        """Read how the objects of the project do right now. Writes nothing, and fetches no secret."""
        found = self.workspace
        return await read_status(found.environment.name, found.manifests, kinds(), self.clients)

    async def start_run(
        self, deployment: Manifest[Any], parameters: Mapping[str, Any], job_variables: Mapping[str, Any]
    ) -> FlowRun:
        """Create a flow run of a deployment.

        Raises NotFound where it was not applied yet, ProblemsFound where it does not take what is given.
        """
        return await flow_runs.start(self.clients["prefect"], deployment.key.name, parameters, job_variables)

    def follow_run(self, run: FlowRun) -> AsyncGenerator[Event]:
        """Yield a run's states and log lines, and why it waits, until it ends."""
        return follow(self.clients["prefect"], run.id)

    async def cancel_run(self, run: FlowRun) -> bool:
        """Ask for the end of a run. False where it had ended already."""
        return await flow_runs.cancel(self.clients["prefect"], run.id)


@asynccontextmanager
async def connect(found: Workspace, only: Set[str] | None = None) -> AsyncIterator[Connection]:
    """Open what the manifests need, or `only` these platforms. Raises ReaderError where a target is not configured."""
    stores = SecretStores(os.environ, found.root)
    names = only or {kinds()[manifest.address.kind].platform for manifest in found.manifests}
    async with AsyncExitStack() as stack:
        made = await _made({name: OPENERS[name] for name in sorted(names)}, found, stores)
        clients = {name: await stack.enter_async_context(client) for name, client in made.items()}
        if prefect := clients.get("prefect"):
            stores = SecretStores(os.environ, found.root, prefect.read_block)
        yield Connection(found, clients, stores)


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


async def _prefect(found: Workspace, stores: SecretStores) -> Any:
    from pfa_gitops.platforms.prefect._client import PrefectClient  # noqa: PLC0415 - brings httpx
    from pfa_gitops.platforms.prefect._target import PrefectTarget  # noqa: PLC0415 - its companion

    wanted = found.environment.spec.prefect
    profile = {"PREFECT_PROFILE": wanted.profile} if wanted.profile else {}
    target = PrefectTarget.from_environment(
        {**os.environ, **profile},
        FilePath.home(),
        FilePath.cwd(),
        api_url=wanted.api_url,
        api_key=await _fetched(found, ("prefect", "api_key"), wanted.api_key, stores),
        auth_string=await _fetched(found, ("prefect", "auth_string"), wanted.auth_string, stores),
    )
    return PrefectClient(target)


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
    return AnyscaleClient(target)


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
