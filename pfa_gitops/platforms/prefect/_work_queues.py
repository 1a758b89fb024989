"""The queues of a work pool: their shape, and the fewest writes that bring them about.

Prefect keeps the priorities in a pool apart: to give one queue the priority of another moves the other, and those
behind it. Writing them in ascending order is the one order in which what was written stays.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from pfa_gitops.model.errors import Conflict, MaybeArrived
from pfa_gitops.model.values import Spec
from pfa_gitops.platforms.prefect._client import PAGE, Listing, PrefectClient, any_of
from pfa_gitops.platforms.prefect._left_over_runs import follow, left_over
from pfa_gitops.platforms.prefect._naming import in_path

DEFAULT_QUEUE = "default"
"""Every pool has it. It can be configured and not be removed."""
DEFAULT_DESCRIPTION = "The work pool's default queue."
"""What the server writes [models/workers.py]."""

_ON_THE_WIRE = {"paused": "is_paused"}
_FIELDS = ("description", "paused", "concurrency_limit", "priority")


class WorkQueueSpec(Spec):
    """A queue of a work pool. The queue `default` is always there."""

    name: str = Field(min_length=1)
    """The queue's name."""
    description: Annotated[str | None, AfterValidator(lambda value: value or "")] = ""
    """What the queue is for."""
    priority: int = Field(default=1, ge=1)
    """1 is served first. Two queues of a pool cannot share one. Default: the first that is free."""
    concurrency_limit: int | None = Field(default=None, ge=0)
    """How many runs of the queue may run at once. Null: no limit."""
    paused: bool = False
    """No work is given out while it is paused."""


def live_queue(item: Mapping[str, Any]) -> WorkQueueSpec:
    """The queue that the API tells of."""
    fields = {name: item[_ON_THE_WIRE.get(name, name)] for name in _FIELDS}
    return WorkQueueSpec(name=item["name"], **fields)


async def read_queues(
    client: PrefectClient, names: Sequence[str], pools: Iterable[str]
) -> Mapping[str, list[WorkQueueSpec]]:
    """The queues of these names, by pool."""
    found = await read_items(client, names, pools)
    return {pool: [live_queue(item) for item in items] for pool, items in found.items()}


async def read_items(client: PrefectClient, names: Sequence[str], pools: Iterable[str]) -> Mapping[str, Listing]:
    """What the API tells of the queues of these names, by pool.

    One listing over all pools, since queues can be filtered by name only. It is sorted by name alone, so that over
    several pages a queue may slip through: then the pools are asked singly.
    """
    listing = "/work_queues/filter"
    found = await client.listing(listing, {"work_queues": {"name": any_of(names)}}) if names else []
    by_pool: dict[str, Listing] = {pool: [] for pool in pools}
    if len(found) >= PAGE:
        found = [
            item for pool in by_pool for item in await client.read_all(f"/work_pools/{in_path(pool)}/queues/filter")
        ]
    for item in found:
        if item["work_pool_name"] in by_pool:
            by_pool[item["work_pool_name"]].append(item)
    return by_pool


async def read_all_items(client: PrefectClient, pools: Sequence[str]) -> Mapping[str, Listing]:
    """What the API tells of all queues, by pool: one listing, or where that has several pages, one for each pool."""
    found = await client.listing("/work_queues/filter", {})
    names = [item["name"] for item in found]
    return await read_items(client, names, pools)


async def write_queues(
    client: PrefectClient, pool: str, desired: Sequence[WorkQueueSpec], live: Sequence[WorkQueueSpec]
) -> None:
    """Create what is missing and write what differs. Queues that `desired` does not name are left alone."""
    found = {queue.name: queue for queue in live}
    moved = False
    for queue in sorted(desired, key=_by_priority):
        there = found.get(queue.name)
        ordered = "priority" in queue.model_fields_set
        if there is None and queue.name != DEFAULT_QUEUE:
            await _create(client, pool, queue)
        else:
            changed = _changed(queue, there)
            again = {"priority"} if moved and ordered else set()
            await _patch(client, pool, queue, changed | again)
        moved = moved or (ordered and (there is None or there.priority != queue.priority))


async def delete_queues(client: PrefectClient, pool: str, names: Iterable[str]) -> None:
    """Remove queues. What waits in one goes where its deployment has its queue by now.

    What has none is in no queue then: where its deployment is written after this, it goes along with that.
    """
    of_pool = {"name": any_of([pool])}
    for name in names:
        waiting = await left_over(client, work_pools=of_pool, work_pool_queues={"name": any_of([name])})
        await client.remove(f"/work_pools/{in_path(pool)}/queues/{in_path(name)}")
        await follow(client, waiting)


def _by_priority(queue: WorkQueueSpec) -> tuple[bool, int, str]:
    """Those without a priority last: they take the first that is free."""
    return "priority" not in queue.model_fields_set, queue.priority, queue.name


def _changed(desired: WorkQueueSpec, live: WorkQueueSpec | None) -> set[str]:
    """Both sides are validated scalars, so that `!=` never takes 1 for true."""
    named = desired.model_fields_set - {"name"}
    return {name for name in named if live is None or getattr(desired, name) != getattr(live, name)}


async def _create(client: PrefectClient, pool: str, queue: WorkQueueSpec) -> None:
    """A queue whose answer was lost, or that somebody else made meanwhile, is written as it should be."""
    body = {"name": queue.name, **_body(queue, queue.model_fields_set)}
    path = f"/work_pools/{in_path(pool)}/queues"
    try:
        try:
            await client.post(path, body)
        except MaybeArrived:
            await client.post(path, body)
    except (Conflict, MaybeArrived):
        await _patch(client, pool, queue, _changed(queue, None))


async def _patch(client: PrefectClient, pool: str, queue: WorkQueueSpec, names: set[str]) -> None:
    if names:
        await client.patch(f"/work_pools/{in_path(pool)}/queues/{in_path(queue.name)}", _body(queue, names))


def _body(queue: WorkQueueSpec, names: Iterable[str]) -> dict[str, Any]:
    return {_ON_THE_WIRE.get(name, name): getattr(queue, name) for name in sorted(set(names) - {"name"})}
