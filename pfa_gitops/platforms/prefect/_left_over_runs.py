"""What becomes of the runs that wait where something goes: a deployment, a pool, a queue.

Prefect deletes the waiting runs of a deleted deployment, so that nobody learns of them any more, and leaves those of a
deleted pool or queue in no queue at all, where nobody picks them up [models/deployments.py, orm_models.py].
So each that somebody asked for, or that is late, either happens elsewhere or is cancelled and says why.
"""

import asyncio
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any

from pfa_gitops.model.errors import NotFound
from pfa_gitops.platforms.prefect._client import Item, PrefectClient, any_of
from pfa_gitops.platforms.prefect._runs import due, is_coming, is_under_way, is_waiting, unfinished

AUTO_SCHEDULED = "auto-scheduled"
"""The tag that Prefect gives to the runs of schedules."""
AS_BEFORE = ("name", "parameters", "job_variables", "empirical_policy", "context", "parent_task_run_id")


async def left_over(client: PrefectClient, until: datetime | None = None, **filters: Mapping[str, Any]) -> list[Item]:
    """The runs that were not begun, but for those that are due after `until`, by default now, and are made anew."""
    runs = await unfinished(client, **filters)
    due_by = until or client.now_at_most()
    return [run for run in runs if not is_under_way(run) and not is_coming(run, due_by)]


async def carry_over(client: PrefectClient, runs: Iterable[Item], deployment_id: str) -> None:
    """Have each run happen as one of this deployment: an equal one is made in its queue, and the old one cancelled.

    A second time finds the same run again, by its idempotency key.
    """
    await asyncio.gather(*(_carry_over(client, run, deployment_id) for run in runs))


async def _carry_over(client: PrefectClient, run: Item, deployment_id: str, queue: str | None = None) -> None:
    """One that was picked up, ended or deleted meanwhile is left alone: it happens where it is, or is not to happen."""
    try:
        now = await client.get(f"/flow_runs/{run['id']}")
    except NotFound:
        return
    if now["state_type"] != run["state_type"]:
        return
    body = {field: now[field] for field in AS_BEFORE if now.get(field) is not None}
    body |= {"work_queue_name": queue} if queue else {}
    body |= {
        "tags": [tag for tag in now["tags"] if tag != AUTO_SCHEDULED],
        "state": {"type": "SCHEDULED", "state_details": {"scheduled_time": due(now).isoformat()}},
        "idempotency_key": f"pfa-gitops {run['id']}",
        "enforce_parameter_schema": False,  # they were accepted before
    }
    made = await client.post_twice(f"/deployments/{deployment_id}/create_flow_run", body)
    if not await _end(client, now, f"the run {made['name']} ({made['id']}) takes its place"):
        await _end(client, made, f"the run {now['name']} ({now['id']}) went on meanwhile")


async def cancel(client: PrefectClient, runs: Iterable[Item], reason: str) -> None:
    """End runs. What was submitted is Cancelling until its worker has ended it."""
    await asyncio.gather(*(_end(client, run, reason) for run in runs))


async def _end(client: PrefectClient, run: Item, reason: str) -> bool:
    """Whether Prefect took it: it refuses for a run that has ended."""
    state = {"type": "CANCELLED" if is_waiting(run) else "CANCELLING", "message": f"pfa-gitops: {reason}"}
    answer = await client.post_twice(f"/flow_runs/{run['id']}/set_state", {"state": state})
    return bool(answer["status"] == "ACCEPT")


async def follow(client: PrefectClient, runs: Iterable[Item]) -> list[Item]:
    """Carry waiting runs over to where their deployments have their queue now; those whose deployments have none."""
    housed, stranded = await _apart(client, runs)
    moved = [run for run, queue in housed if queue != run["work_queue_id"]]
    await asyncio.gather(*(_carry_over(client, run, run["deployment_id"]) for run in moved))
    return stranded


async def rehome(client: PrefectClient, runs: Iterable[Item], queues: Collection[str], gone: str) -> None:
    """Carry waiting runs over to the pool that took the place of theirs.

    They come into the queue of the same name, where it is among the pool's `queues`, else into their deployment's.
    """

    async def move(run: Item) -> None:
        queue = run["work_queue_name"]
        await _carry_over(client, run, run["deployment_id"], queue if queue in queues else None)

    housed, stranded = await _apart(client, runs)
    await asyncio.gather(*(move(run) for run, _ in housed))
    await cancel(client, stranded, f"{gone} was deleted")


async def _apart(client: PrefectClient, runs: Iterable[Item]) -> tuple[list[tuple[Item, str]], list[Item]]:
    """The waiting runs whose deployments have a queue now, each with that queue's id, and those whose have none."""
    waiting = [run for run in runs if is_waiting(run)]
    ids = sorted({str(run["deployment_id"]) for run in waiting if run["deployment_id"]})
    items = await client.read_all("/deployments/filter", {"deployments": {"id": any_of(ids)}}) if ids else []
    queues = {item["id"]: item["work_queue_id"] for item in items}
    housed = [(run, queue) for run in waiting if (queue := queues.get(run["deployment_id"]))]
    return housed, [run for run in waiting if not queues.get(run["deployment_id"])]
