"""How the objects of a project do right now, whether they are in sync, and whether runs will start. Reads only."""

import asyncio

from pfa_gitops.engine.chains import Scene, read_chains
from pfa_gitops.engine.planning import World
from pfa_gitops.engine.readings import Clients, Kinds, ask_platforms
from pfa_gitops.engine.secret_links import Fetch
from pfa_gitops.engine.sync import Compared, compare
from pfa_gitops.model.errors import PfaError
from pfa_gitops.model.status import InSync, StatusReport, Sync
from pfa_gitops.model.values import Manifests


async def read_status(
    environment: str,
    manifests: Manifests,
    kinds: Kinds,
    clients: Clients,
    *,
    world: World | PfaError,
    fetch: Fetch | None = None,
) -> StatusReport:
    """Read how the objects of `manifests` do. A platform that fails is told, and the others are shown all the same.

    `world` may be what its reading failed with: then nothing is known of sync and runs. Secrets are tried with `fetch`.
    """
    readings = ask_platforms(manifests, kinds, clients, lambda kind, client, wanted: kind.status(client, wanted))
    (answers, failures), compared = await asyncio.gather(readings, _compared(world, manifests))
    statuses = sorted((status for answer in answers for status in answer), key=lambda status: status.address)
    failed = [*failures, *([world] if isinstance(world, PfaError) else compared.failures.values())]
    problems = dict.fromkeys(problem for failure in failed for problem in failure.problems)
    code = max((failure.exit_code for failure in failed), default=0)
    chains = await read_chains(_scene(world, manifests, compared, fetch)) if isinstance(world, World) else ()
    history = world.inventory.history if isinstance(world, World) else ()
    return StatusReport(environment, tuple(statuses), tuple(problems), code, compared.syncs, chains, history)


async def _compared(world: World | PfaError, manifests: Manifests) -> Compared:
    if isinstance(world, World):
        return await compare(world, manifests)
    unknown = (Sync(manifest.address, InSync.UNKNOWN, world.message) for manifest in manifests)
    return Compared(tuple(sorted(unknown, key=lambda sync: sync.address)), {}, {})


def _scene(world: World, manifests: Manifests, compared: Compared, fetch: Fetch | None) -> Scene:
    unread = {platform: failure.message for platform, failure in compared.failures.items()}
    return Scene(manifests, compared.changes, world.kinds, world.clients, planned=False, unread=unread, fetch=fetch)
