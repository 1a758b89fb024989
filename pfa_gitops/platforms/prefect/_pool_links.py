"""Whether flow runs get through a work pool: its queues, itself, its workers, its slots. Reads only.

Prefect tells no worker's queues, but when each queue was polled last.
"""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from pfa_gitops.model.chain import Link, Part, Verdict
from pfa_gitops.platforms.base import FieldRules, Prospect
from pfa_gitops.platforms.prefect._client import Item, Listing, PrefectClient, any_of
from pfa_gitops.platforms.prefect._naming import in_path
from pfa_gitops.platforms.prefect._pool_status import ONLINE, has_no_workers
from pfa_gitops.platforms.prefect._work_queues import DEFAULT_QUEUE, WorkQueueSpec, read_items
from pfa_gitops.platforms.prospects import expected, slots

POLLED_S = 60.0
"""A queue that nobody polled for so long is polled by nobody [Prefect's WORK_QUEUE_LAST_POLLED_TIMEOUT]."""
IDLE = "NOT_READY"
"""The status of a pool that has no worker online [Prefect's WorkPoolStatus], so that nobody asks for its workers."""


class _Seen(NamedTuple):
    """What was read of one pool. `pool` is None where it is not there."""

    client: PrefectClient
    pool: Item | None
    workers: Listing
    queues: Mapping[str, Item]

    @property
    def online(self) -> Listing:
        """The workers that are, the one that was heard last first."""
        there = [worker for worker in self.workers if worker["status"] == ONLINE]
        return sorted(there, key=lambda worker: worker["last_heartbeat_time"] or "", reverse=True)


async def pool_links(client: PrefectClient, prospects: Sequence[Prospect[Any]], rules: FieldRules) -> list[Link]:
    """The links of each pool, and of those of its queues that runs need."""
    names = {prospect.manifest.key.name for prospect in prospects}
    wanted = sorted({_name(item) for prospect in prospects for item in prospect.items})
    listed, queues = await asyncio.gather(
        client.listing("/work_pools/filter", {"work_pools": {"name": any_of(names)}}),
        read_items(client, wanted, names),
    )
    pools = {pool["name"]: pool for pool in listed if pool["name"] in names}
    polled = [name for name, pool in pools.items() if not has_no_workers(pool) and pool.get("status") != IDLE]
    workers = dict(zip(polled, await asyncio.gather(*(_workers(client, name) for name in polled)), strict=True))
    links: list[Link] = []
    for prospect in prospects:
        name = prospect.manifest.key.name
        found = {queue["name"]: queue for queue in queues[name]}
        links += _of_pool(prospect, _Seen(client, pools.get(name), workers.get(name, []), found), rules)
    return links


async def _workers(client: PrefectClient, pool: str) -> Listing:
    return await client.read_all(f"/work_pools/{in_path(pool)}/workers/filter")


def _name(item: str) -> str:
    return item or DEFAULT_QUEUE


def _of_pool(prospect: Prospect[Any], seen: _Seen, rules: FieldRules) -> Iterator[Link]:
    spec, name = expected(prospect, rules), prospect.manifest.key.name
    there = prospect.there(Part.POOL)
    if spec is None or there.verdict is not Verdict.OK:
        yield there
        return
    yield prospect.link(Part.POOL, Verdict.NOT, f"the pool {name} is paused") if spec.paused else there
    yield from slots(prospect, f"the pool {name}", spec.concurrency_limit, _active(seen.pool))
    queues = {queue.name: queue for queue in spec.queues}
    for item in sorted(prospect.items):
        if item not in prospect.apart:
            yield from _of_queue(prospect, item, queues.get(_name(item)), seen)
        yield _of_workers(prospect, item, seen)


def _active(item: Item | None) -> int | None:
    """The slots that are taken: none of what is not there yet. Older servers do not tell."""
    return 0 if item is None else item.get("active_slots")


def _of_queue(prospect: Prospect[Any], item: str, named: WorkQueueSpec | None, seen: _Seen) -> Iterator[Link]:
    """`named` is the queue as the pool's manifest leaves it, where that names it."""
    name, live = _name(item), seen.queues.get(_name(item))
    if named is None and live is None and name != DEFAULT_QUEUE and not prospect.planned:
        message = f"the pool {prospect.manifest.key.name} has no queue {name}"
        yield prospect.link(Part.QUEUE, Verdict.NOT, message, item)
        return
    paused = bool(_field(named, "paused", live, "is_paused"))
    verdict, reason = (Verdict.NOT, f"the queue {name} is paused") if paused else (Verdict.OK, f"the queue {name}")
    yield prospect.link(Part.QUEUE, verdict, reason, item)
    limit = _field(named, "concurrency_limit", live, "concurrency_limit")
    yield from slots(prospect, f"the queue {name}", limit, _active(live), item)


def _field(named: WorkQueueSpec | None, name: str, live: Item | None, wire: str) -> Any:
    """What a manifest names, else what is live."""
    if named is not None and (live is None or name in named.model_fields_set):
        return getattr(named, name)
    return live[wire] if live is not None else None


def _of_workers(prospect: Prospect[Any], item: str, seen: _Seen) -> Link:
    """Whether somebody takes runs out of a queue."""
    pool, name = prospect.manifest.key.name, _name(item)
    if has_no_workers(seen.pool or {"type": prospect.manifest.spec.type}):
        return prospect.link(Part.WORKER, Verdict.OK, "Prefect itself starts the pool's runs", item)
    serving = [server for server in prospect.servers if not server.items or item in server.items]
    starting = [str(server.address) for server in serving if server.starts]
    online = seen.online
    if starting:
        return prospect.link(Part.WORKER, Verdict.OK, f"apply starts {starting[0]}", item)
    if not online:
        none_serves = (
            "" if serving or not prospect.servers else f", and no agent of this project serves the queue {name}"
        )
        message = f"no worker is online in the pool {pool}{_last(seen)}{none_serves}"
        return prospect.link(Part.WORKER, Verdict.NOT, message, item)
    verdict, reason = _polled(seen.queues.get(name), name, seen)
    first = online[0]
    reason = reason or (f"the worker {first['name']}" if len(online) == 1 else f"{len(online)} workers")
    since = seen.client.moment(first["last_heartbeat_time"])
    return Link(Part.WORKER, verdict, reason, prospect.address, item, since)


def _polled(queue: Item | None, name: str, seen: _Seen) -> tuple[Verdict, str]:
    """Whether the workers that are online look into a queue."""
    last = seen.client.moment(queue["last_polled"]) if queue else None
    if last is not None and last.age_seconds <= POLLED_S:
        return Verdict.OK, ""
    made = seen.client.moment(queue["created"]) if queue else None
    if queue is None or (made is not None and made.age_seconds <= POLLED_S):
        return Verdict.UNKNOWN, f"the queue {name} is new: whether a worker polls it will be seen"
    return Verdict.NOT, f"no worker that is online polls the queue {name}"


def _last(seen: _Seen) -> str:
    """When one was heard last, by itself or as it polled a queue."""
    heard = [worker["last_heartbeat_time"] for worker in seen.workers]
    polled = [queue["last_polled"] for queue in seen.queues.values()]
    last = seen.client.moment(max(filter(None, (*heard, *polled)), default=None))
    return f", the last one was heard {_age(last.age_seconds)} ago" if last else ""


def _age(seconds: float) -> str:
    for unit, name in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= 2 * unit:
            return f"{seconds // unit:.0f} {name}"
    return f"{seconds:.0f} s"
