"""What a work pool takes over from the one that it replaces.

Prefect cannot change a pool's type: the pool is deleted and made again. A delete takes along the queues, and leaves
every deployment of the pool without one, those too that no manifest names [api/workers.py, orm_models.py]. So all of it
is read right before.
"""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pfa_gitops.model.errors import NotFound, PlatformError
from pfa_gitops.platforms.base import FieldRules
from pfa_gitops.platforms.lost_replies import send
from pfa_gitops.platforms.overlaid import overlaid
from pfa_gitops.platforms.prefect._client import Item, PrefectClient, any_of
from pfa_gitops.platforms.prefect._left_over_runs import left_over, rehome
from pfa_gitops.platforms.prefect._naming import in_path
from pfa_gitops.platforms.prefect._runs import is_coming, is_waiting, of_deployment, unfinished
from pfa_gitops.platforms.prefect._slots import schedule_from
from pfa_gitops.platforms.prefect._work_queues import WorkQueueSpec, live_queue, write_queues

KEPT = ("description", "is_paused", "concurrency_limit")
STORAGE = "storage_configuration"


@dataclass(frozen=True)
class FormerPool:
    """A pool, its queues and its deployments, as the API tells them."""

    pool: Mapping[str, Any]
    queues: Sequence[WorkQueueSpec]
    deployments: Sequence[Mapping[str, Any]]
    waiting: Sequence[Item]
    """Runs that nobody picked up yet, but for those that are made anew."""
    since: datetime
    """When this was read, by the server's clock."""

    def body(self, named: Mapping[str, Any]) -> dict[str, Any]:
        """The request for the new pool: what the manifest names, over what the former one has."""
        body = {"name": self.pool["name"], **{field: self.pool[field] for field in KEPT}, **named}
        storage = {**(self.pool.get(STORAGE) or {}), **named.get(STORAGE, {})}
        return body | ({STORAGE: storage} if storage else {})

    def all_queues(self, named: Sequence[WorkQueueSpec], left: Collection[str]) -> list[WorkQueueSpec]:
        """The queues that the new pool gets: what the manifest names, over what the former one has, but for `left`."""
        wanted = {queue.name: queue for queue in named}
        former = {queue.name: queue for queue in self.queues if queue.name not in left}
        both = {name: overlaid(wanted[name], former[name], FieldRules()) for name in wanted.keys() & former.keys()}
        return list({**former, **wanted, **both}.values())


async def read_former(client: PrefectClient, name: str) -> FormerPool:
    """What a delete of the pool would take along."""
    path, of_pool, since = f"/work_pools/{in_path(name)}", {"name": any_of([name])}, client.now()
    pool, queues, deployments, runs = await asyncio.gather(
        client.get(path),
        client.read_all(f"{path}/queues/filter"),
        client.read_all("/deployments/filter", {"work_pools": of_pool}),
        left_over(client, work_pools=of_pool),
    )
    return FormerPool(pool, [live_queue(queue) for queue in queues], deployments, runs, since)


async def replace(
    client: PrefectClient, former: FormerPool, body: Mapping[str, Any], queues: Sequence[WorkQueueSpec]
) -> str:
    """Delete the former pool, make the new one, and give it the deployments. Returns the new pool's id.

    Raises PlatformError, which names what the new pool did not get, where something fails half-way.
    """
    name = former.pool["name"]
    path = f"/work_pools/{in_path(name)}"
    await client.remove(path)

    async def post() -> str:
        return str((await client.post("/work_pools/", body))["id"])

    async def look() -> str | None:
        try:
            return str((await client.get(path))["id"])
        except NotFound:
            return None

    try:
        pool_id = await send(post, look)
        await write_queues(client, name, queues, [])
        await hand_over(client, former, name)
    except PlatformError as error:
        raise PlatformError(f"the pool was deleted to be made again, then: {error.message}", _left(former)) from None
    return pool_id


async def hand_over(client: PrefectClient, former: FormerPool, name: str) -> None:
    """Give the new pool the deployments, and what waits. A deployment that is gone meanwhile needs none."""
    queues = await _queue_names(client, name)
    for deployment in former.deployments:
        await _put(client, deployment, name, queues, former.since)
    await rehome(client, former.waiting, queues, f"the pool {former.pool['name']}")


async def _queue_names(client: PrefectClient, pool: str) -> set[str]:
    return {queue["name"] for queue in await client.read_all(f"/work_pools/{in_path(pool)}/queues/filter")}


async def _put(
    client: PrefectClient, deployment: Mapping[str, Any], pool: str, queues: Collection[str], since: datetime
) -> None:
    """In the queue of the same name; where the pool has none, in its default queue."""
    body: dict[str, Any] = {"work_pool_name": pool}
    if (queue := deployment.get("work_queue_name")) in queues:
        body["work_queue_name"] = queue
    with suppress(NotFound):
        await client.patch(f"/deployments/{deployment['id']}", body)
        if not deployment["paused"] and deployment["schedules"]:
            await schedule_from(client, deployment["id"], since)


async def bring_back(client: PrefectClient, name: str) -> None:
    """Give the pool what Prefect's scheduler has made for its deployments while they had none: it is in no queue."""
    since = client.now()
    found = await client.read_all("/deployments/filter", {"work_pools": {"name": any_of([name])}})
    deployments = {item["id"]: item for item in found}
    if not deployments:
        return
    queues = await _queue_names(client, name)
    runs = await unfinished(client, flow_runs=of_deployment(*deployments))
    theirs = (run for run in runs if run["deployment_id"] in deployments)
    astray = [run for run in theirs if is_waiting(run) and not run["work_queue_id"]]
    now = client.now_at_most()
    for deployment_id in {run["deployment_id"] for run in astray if is_coming(run, now)}:
        await _put(client, deployments[deployment_id], name, queues, since)
    await rehome(client, [run for run in astray if not is_coming(run, now)], queues, f"the pool {name}")


def _left(former: FormerPool) -> str:
    """What the next plan cannot know of any more, for whoever reads the problem to look after."""
    queues = ", ".join(sorted(queue.name for queue in former.queues))
    deployments = ", ".join(sorted(str(deployment["name"]) for deployment in former.deployments)) or "none"
    return f"apply again, and look whether it has its queues ({queues}) and its deployments ({deployments})"
