"""How work pools do right now: their workers, what waits in their queues, what runs. Reads only.

Pools and active runs are read in bulk. Workers and queues Prefect tells for one pool at a time, and how much waits for
one queue at a time; counting is cheap there, and the waiting runs themselves may be very many.
"""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from pfa_gitops.model.places import Address
from pfa_gitops.model.status import Cell, Health, Moment, Status, Table, absent
from pfa_gitops.platforms.prefect._client import Item, Listing, PrefectClient, any_of
from pfa_gitops.platforms.prefect._naming import in_path

ACTIVE = ("PENDING", "RUNNING", "CANCELLING")
"""The runs that take a slot of their pool [Prefect's SLOT_OCCUPYING_STATES]."""
LATE = "Late"
ONLINE = "ONLINE"
DAY_S = 86400.0


class Waiting(NamedTuple):
    """Runs of a queue that nobody picked up yet."""

    scheduled: int
    """Not due yet, or for less than a few seconds."""
    late: int


class _Seen(NamedTuple):
    """What was read of one pool."""

    pool: Item
    workers: Listing
    queues: Listing
    waiting: Sequence[Waiting]
    """In the order of `queues`."""
    runs: Listing


async def pool_statuses(client: PrefectClient, names: Mapping[Address, str]) -> list[Status]:
    """The status of each pool, by the address of its manifest."""
    wanted = any_of(names.values())
    pools, runs = await asyncio.gather(
        client.read_all("/work_pools/filter", {"work_pools": {"name": wanted}}), _active_runs(client, wanted)
    )
    there = {pool["name"]: pool for pool in pools if pool["name"] in set(names.values())}
    seen = await asyncio.gather(*(_read(client, pool, runs) for pool in there.values()))
    by_name = {one.pool["name"]: one for one in seen}
    return [
        _status(client, address, by_name[name]) if name in by_name else absent(address)
        for address, name in names.items()
    ]


async def _active_runs(client: PrefectClient, pools: Mapping[str, Any]) -> Listing:
    body = {"work_pools": {"name": pools}, "flow_runs": {"state": {"type": {"any_": ACTIVE}}}}
    return await client.read_all("/flow_runs/filter", {**body, "sort": "ID_DESC"})


async def _read(client: PrefectClient, pool: Item, runs: Listing) -> _Seen:
    path = f"/work_pools/{in_path(pool['name'])}"
    workers, queues = await asyncio.gather(
        client.read_all(f"{path}/workers/filter"), client.read_all(f"{path}/queues/filter")
    )
    queues.sort(key=lambda queue: (queue.get("priority") or 0, queue["name"]))
    waiting = await asyncio.gather(*(read_waiting(client, queue["id"]) for queue in queues))
    return _Seen(pool, workers, queues, waiting, [run for run in runs if run["work_pool_name"] == pool["name"]])


async def read_waiting(client: PrefectClient, queue_id: str) -> Waiting:
    """How many runs wait in a queue."""

    async def count(state: Mapping[str, Any]) -> int:
        body = {"work_pool_queues": {"id": any_of([queue_id])}, "flow_runs": {"state": state}}
        return int(await client.ask("/flow_runs/count", body))

    every, late = await asyncio.gather(count({"type": any_of(["SCHEDULED"])}), count({"name": any_of([LATE])}))
    return Waiting(max(every - late, 0), late)


def _status(client: PrefectClient, address: Address, seen: _Seen) -> Status:
    online = sum(worker["status"] == ONLINE for worker in seen.workers)
    late = sum(waiting.late for waiting in seen.waiting)
    facts: dict[str, Cell] = {
        "type": seen.pool["type"],
        "paused": seen.pool["is_paused"],
        "concurrency_limit": seen.pool["concurrency_limit"],
        "slots_used": len(seen.runs),
        "late": late,
        "workers_online": online,
        "workers_offline": len(seen.workers) - online,
    }
    tables = [_workers(client, seen.workers), _queues(seen), _runs(client, seen.runs)]
    served = online or has_no_workers(seen.pool)
    health = _health(bool(served), bool(seen.pool["is_paused"]), late)
    return Status(address, health, _message(seen.pool, online, len(seen.runs), late), None, facts, tuple(tables))


def has_no_workers(pool: Item) -> bool:
    """Whether Prefect itself starts the runs of a pool: nobody polls it then."""
    return str(pool["type"]).endswith((":push", ":managed"))


def _health(served: bool, paused: bool, late: int) -> Health:
    if served and not paused and not late:
        return Health.GOOD
    return Health.BAD if late and not served else Health.ATTENTION


def _message(pool: Item, online: int, used: int, late: int) -> str:
    limit = pool["concurrency_limit"]
    workers = f"{online or 'no'} {'worker' if online in {0, 1} else 'workers'} online"
    parts = [
        "paused" if pool["is_paused"] else "",
        "Prefect starts its runs" if has_no_workers(pool) else workers,
        f"{used} {'run' if used == 1 else 'runs'} active" if limit is None else f"{used} of {limit} slots used",
        f"{late} late" if late else "",
    ]
    return f"{pool['type']}: {', '.join(part for part in parts if part)}"


def _workers(client: PrefectClient, workers: Listing) -> Table:
    """Those that are online or were so within a day; of workers that ended long ago nobody wants to read."""
    rows: list[dict[str, Cell]] = []
    gone = 0
    for worker in workers:
        heartbeat = client.moment(worker["last_heartbeat_time"])
        online = worker["status"] == ONLINE
        if online or (heartbeat and heartbeat.age_seconds < DAY_S):
            status = "online" if online else "offline"
            rows.append({"worker": worker["name"], "status": status, "heartbeat": heartbeat})
        else:
            gone += 1
    rows.sort(key=lambda row: (row["status"] != "online", row["worker"]))
    note = f"{gone} more {'worker is' if gone == 1 else 'workers are'} offline for over a day" if gone else ""
    return Table("workers", tuple(rows), note)


def _queues(seen: _Seen) -> Table:
    active = Counter((run["work_queue_name"], run["state_type"] == "PENDING") for run in seen.runs)
    rows: list[Mapping[str, Cell]] = [
        {
            "queue": queue["name"],
            "scheduled": waiting.scheduled,
            "late": waiting.late,
            "pending": active[queue["name"], True],
            "running": active[queue["name"], False],
            "limit": queue["concurrency_limit"],
            "paused": bool(queue["is_paused"]),
        }
        for queue, waiting in zip(seen.queues, seen.waiting, strict=True)
    ]
    return Table("queues", tuple(rows))


def _runs(client: PrefectClient, runs: Listing) -> Table:
    """The longest first: whoever looks for one that hangs finds it at the top."""

    def row(run: Item) -> dict[str, Cell]:
        since = client.moment(run["start_time"] or (run["state"] or {}).get("timestamp") or run["expected_start_time"])
        job = run["infrastructure_pid"]
        return {"run": run["name"], "state": run["state_name"], "since": since, "job": job, "id": run["id"]}

    def age(row: Mapping[str, Cell]) -> float:
        since = row["since"]
        return since.age_seconds if isinstance(since, Moment) else 0.0

    return Table("runs", tuple(sorted(map(row, runs), key=age, reverse=True)))
