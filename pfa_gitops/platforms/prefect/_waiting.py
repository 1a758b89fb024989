"""Why a run that is due is not picked up. Reads only."""

import asyncio

from pfa_gitops.platforms.prefect._client import Item, PrefectClient
from pfa_gitops.platforms.prefect._naming import in_path
from pfa_gitops.platforms.prefect._pool_status import LATE, ONLINE, has_no_workers

_WAITS = frozenset({"Scheduled", LATE})
"""States that say nothing of the reason. Others of the type SCHEDULED do, e.g. AwaitingConcurrencySlot."""


async def why_waiting(client: PrefectClient, run: Item) -> str | None:
    """What keeps the run from being picked up, as far as Prefect can tell; None where nothing is known to."""
    if run["state_name"] not in _WAITS:
        return None
    if (name := run["work_pool_name"]) is None:
        return "the deployment has no work pool: the run waits for a process that serves the deployment"
    path = f"/work_pools/{in_path(name)}"
    pool, queue, workers = await asyncio.gather(
        client.get(path),
        client.get(f"{path}/queues/{in_path(run['work_queue_name'] or 'default')}"),
        client.read_all(f"{path}/workers/filter"),
    )
    return _reason(run, pool, queue, any(worker["status"] == ONLINE for worker in workers))


def _reason(run: Item, pool: Item, queue: Item, served: bool) -> str | None:
    name, queue_name = pool["name"], queue["name"]
    if pool["is_paused"]:
        return f"the work pool {name} is paused: it gives out no run"
    if queue["is_paused"]:
        return f"the work queue {queue_name} of the pool {name} is paused: it gives out no run"
    if not served and not has_no_workers(pool):
        return f"no worker polls the work pool {name}: the run waits until one does"
    for what, limited in ((f"work pool {name}", pool), (f"work queue {queue_name}", queue)):
        limit = limited["concurrency_limit"]
        if limit is not None and (limited.get("active_slots") or 0) >= limit:
            return f"all {limit} slots of the {what} are taken: the run waits for a free one"
    if run["state_name"] == LATE:
        return f"the run is late though a worker polls the work pool {name}: does it poll the queue {queue_name}?"
    return None
