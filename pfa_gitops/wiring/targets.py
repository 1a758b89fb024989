"""Makes a client for each platform, with its address and credentials. No request is sent but for a secret's."""

import os
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path as FilePath
from typing import Any

from pfa_gitops.manifests.pipeline import Workspace
from pfa_gitops.model.errors import Problem, ProblemsFound, ReaderError, SecretMissing
from pfa_gitops.model.places import Path
from pfa_gitops.model.secrets import Sealed, SecretRef
from pfa_gitops.model.values import Owner
from pfa_gitops.platforms.secret_stores import SecretStores

Opener = Callable[[Workspace, SecretStores], Awaitable[Any]]


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


async def open_clients(openers: Mapping[str, Opener], found: Workspace, stores: SecretStores) -> dict[str, Any]:
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


async def _fetched(found: Workspace, field: Path, ref: SecretRef | None, stores: SecretStores) -> Sealed | None:
    """The value behind a secret of the environment. Where it is missing, say where the project file names it."""
    try:
        return await stores.fetch(ref) if ref else None
    except SecretMissing as error:
        origin = found.project.origins.at(("spec", "environments", found.environment.name, *field))
        raise ProblemsFound([error.problem(origin=origin)]) from None
