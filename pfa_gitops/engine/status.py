"""How the objects of a project do right now, whether they are in sync, and whether runs will start. Reads only."""

import asyncio
from collections.abc import Awaitable, Iterator
from dataclasses import replace
from typing import NamedTuple

from pfa_gitops.engine.chains import Scene, read_chains
from pfa_gitops.engine.planning import World
from pfa_gitops.engine.readings import Clients, Kinds, ask_platforms
from pfa_gitops.engine.sync import Compared, compare
from pfa_gitops.model.errors import PfaError
from pfa_gitops.model.secrets import Fetch
from pfa_gitops.model.status import InSync, StatusReport, Sync
from pfa_gitops.model.values import Manifests


async def read_status(
    environment: str,
    manifests: Manifests,
    kinds: Kinds,
    clients: Clients,
    *,
    world: Awaitable[World],
    fetch: Fetch | None = None,
) -> StatusReport:
    """Read how the objects of `manifests` do. A platform that fails is told, and the others are shown all the same.

    Where `world` fails, nothing is known of sync and runs. Secrets are tried with `fetch`.
    """
    readings = ask_platforms(manifests, kinds, clients, lambda kind, client, wanted: kind.status(client, wanted))
    (answers, failures), known = await asyncio.gather(readings, _known(world, manifests))
    statuses = sorted((status for answer in answers for status in answer), key=lambda status: status.address)
    failed = [*failures, *([known] if isinstance(known, PfaError) else known.compared.failures.values())]
    problems = dict.fromkeys(problem for failure in failed for problem in failure.problems)
    code = max((failure.exit_code for failure in failed), default=0)
    report = StatusReport(environment, tuple(statuses), tuple(problems), code)
    if isinstance(known, PfaError):
        return replace(report, syncs=tuple(_unknown(manifests, known)))
    chains = await read_chains(_scene(known, manifests, fetch))
    return replace(report, syncs=known.compared.syncs, chains=chains, history=known.world.inventory.history)


class _Known(NamedTuple):
    """The inventory, and the manifests beside the live side."""

    world: World
    compared: Compared


async def _known(world: Awaitable[World], manifests: Manifests) -> _Known | PfaError:
    """What is known; or why the inventory cannot be read, without which nothing can be."""
    try:
        found = await world
    except PfaError as error:
        return error
    return _Known(found, await compare(found, manifests))


def _unknown(manifests: Manifests, error: PfaError) -> Iterator[Sync]:
    for address in sorted(manifest.address for manifest in manifests):
        yield Sync(address, InSync.UNKNOWN, error.message)


def _scene(known: _Known, manifests: Manifests, fetch: Fetch | None) -> Scene:
    world, compared = known
    unread = {platform: failure.message for platform, failure in compared.failures.items()}
    return Scene(manifests, compared.changes, world.kinds, world.clients, planned=False, unread=unread, fetch=fetch)
