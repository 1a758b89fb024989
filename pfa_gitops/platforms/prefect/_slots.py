"""Keeps the times at which a deployment's schedules start runs: none is lost to a write, and none gets two runs.

Any write drops the runs to come, and the scheduler, which makes them anew some seconds later, looks ahead only: what is
due in between would never happen. To remove one schedule drops the late runs of the others, too. So Prefect is asked to
schedule from when the write began [POST /deployments/{id}/schedule in api/deployments.py]. It makes no run twice whose
schedule and time are those of another.
"""

import asyncio
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

from pfa_gitops.platforms.prefect._client import Item, Listing, PrefectClient
from pfa_gitops.platforms.prefect._runs import (
    due,
    is_coming,
    is_waiting,
    of_deployment,
    schedule_of,
    time,
    unfinished,
)

SCHEDULER_S = 1.0
"""How long Prefect's scheduler may take from reading a deployment to making its runs [services/scheduler.py]."""
_NEXT = timedelta(microseconds=1)


async def scheduler_is_done() -> None:
    """Wait until the scheduler made its runs of what it had read before now."""
    await asyncio.sleep(SCHEDULER_S)


async def auto_scheduled(client: PrefectClient, deployment_id: str) -> Listing:
    """The unfinished runs of a deployment that its schedules made."""
    runs = await unfinished(client, flow_runs=of_deployment(deployment_id))
    return [run for run in runs if run["auto_scheduled"]]


def late_slots(runs: Iterable[Item], schedules: Collection[str], now: datetime) -> set[datetime]:
    """When the runs of these schedules, given by their ids, were due that nobody picked up yet."""
    late = (run for run in runs if is_waiting(run) and not is_coming(run, now))
    return {due(run) for run in late if schedule_of(run) in schedules}


async def fill_slots(client: PrefectClient, deployment_id: str, slots: Collection[datetime]) -> None:
    """Have runs made for exactly these times, where an active schedule has them."""

    async def fill(slot: datetime) -> None:
        body = {"start_time": slot.isoformat(), "end_time": slot.isoformat(), "min_runs": 1, "max_runs": 1}
        await client.post_twice(f"/deployments/{deployment_id}/schedule", body)

    await asyncio.gather(*map(fill, slots))


async def schedule_from(client: PrefectClient, deployment_id: str, since: datetime) -> None:
    """Have all runs made that are due from `since` on. The deployment must not be paused: Prefect would not look."""
    await client.post_twice(f"/deployments/{deployment_id}/schedule", {"start_time": since.isoformat()})


async def after_taken(
    client: PrefectClient, deployment_id: str, since: datetime, until: datetime, among: Listing | None = None
) -> datetime:
    """The time from which on no run is there that a deployment had until then: `since`, or right after the last one.

    For schedules that are made anew: their runs are not known as the same ones. `among` are the runs that there were,
    where the deployment may have got new ones since.
    """
    due_meanwhile = {"after_": since.isoformat(), "before_": until.isoformat()}
    body = {"flow_runs": {**of_deployment(deployment_id), "expected_start_time": due_meanwhile}}
    runs = [run for run in await client.read_all("/flow_runs/filter", body) if run["auto_scheduled"]]
    known = {run["id"] for run in (runs if among is None else among)}
    return max([since, *(time(run["expected_start_time"]) + _NEXT for run in runs if run["id"] in known)])
