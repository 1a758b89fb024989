"""What becomes of the runs that wait where something goes: a deployment, a pool, a queue.

Prefect deletes the waiting runs of a deleted deployment, so that nobody learns of them any more, and leaves those of a
deleted pool or queue in no queue at all, where nobody picks them up [models/deployments.py, orm_models.py].
So each that somebody asked for, or that is late, either happens elsewhere or is cancelled and says why.
"""

import asyncio
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from pfa_gitops.platforms.prefect._client import Item, PrefectClient, any_of
from pfa_gitops.platforms.prefect._runs import RUNNING, due, is_coming, is_waiting, unfinished

AUTO_SCHEDULED = "auto-scheduled"
"""The tag that Prefect gives to the runs of schedules."""
AS_BEFORE = ("name", "parameters", "job_variables", "empirical_policy", "context", "parent_task_run_id")


async def left_over(client: PrefectClient, until: datetime | None = None, **filters: Mapping[str, Any]) -> list[Item]:
    """The runs that were not begun, but for those that are due after `until`, by default now, and are made anew."""
    runs = await unfinished(client, **filters)
    due_by = until or client.now_at_most()
    return [run for run in runs if run["state_type"] != RUNNING and not is_coming(run, due_by)]


async def carry_over(client: PrefectClient, runs: Iterable[Item], deployment_id: str) -> None:
    """Have each run happen as one of this deployment: the same in its queue, then the old one is cancelled.

    A second time finds the same run again, by its idempotency key.
    """
    await asyncio.gather(*(_carry_over(client, run, deployment_id) for run in runs))


async def _carry_over(client: PrefectClient, run: Item, deployment_id: str) -> None:
    body = {field: run[field] for field in AS_BEFORE if run.get(field) is not None}
    body |= {
        "tags": [tag for tag in run["tags"] if tag != AUTO_SCHEDULED],
        "state": {"type": "SCHEDULED", "state_details": {"scheduled_time": due(run).isoformat()}},
        "idempotency_key": f"pfa-gitops {run['id']}",
        "enforce_parameter_schema": False,  # they were accepted before
    }
    made = await client.post_twice(f"/deployments/{deployment_id}/create_flow_run", body)
    await cancel(client, [run], f"the run {made['name']} ({made['id']}) takes its place")


async def cancel(client: PrefectClient, runs: Iterable[Item], reason: str) -> None:
    """End runs. What was submitted is Cancelling until its worker has ended it."""

    async def end(run: Item) -> None:
        state = {"type": "CANCELLED" if is_waiting(run) else "CANCELLING", "message": f"pfa-gitops: {reason}"}
        await client.post_twice(f"/flow_runs/{run['id']}/set_state", {"state": state})

    await asyncio.gather(*(end(run) for run in runs))


async def settle(client: PrefectClient, runs: Iterable[Item], gone: str) -> None:
    """Carry waiting runs over to where their deployments have their queue now, and cancel those without one.

    `gone` is what was deleted, for the reason.
    """
    waiting = [run for run in runs if is_waiting(run)]
    queues = await _queues(client, {str(run["deployment_id"]) for run in waiting if run["deployment_id"]})
    stranded = [run for run in waiting if not queues.get(run["deployment_id"])]
    moved = [run for run in waiting if queues.get(run["deployment_id"]) not in {None, run["work_queue_id"]}]
    await asyncio.gather(*(_carry_over(client, run, run["deployment_id"]) for run in moved))
    await cancel(client, stranded, f"{gone} was deleted")


async def _queues(client: PrefectClient, deployments: set[str]) -> dict[str, str | None]:
    """The ids of the queues that these deployments have now, by the deployment's id."""
    ids = sorted(deployments)
    items = await client.read_all("/deployments/filter", {"deployments": {"id": any_of(ids)}}) if ids else []
    return {item["id"]: item["work_queue_id"] for item in items}
