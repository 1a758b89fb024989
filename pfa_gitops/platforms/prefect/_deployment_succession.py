"""Puts a deployment in the place of one of another name, which Prefect cannot rename. No run is lost or doubled.

The old one is paused first, and says so by a tag: where an apply is killed then, the next one must not take it for
paused by people, who want the new one to be paused, too.
"""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import Any

from pfa_gitops.model.errors import NotFound, PlatformError
from pfa_gitops.model.values import Change, Live
from pfa_gitops.platforms.prefect._client import PrefectClient
from pfa_gitops.platforms.prefect._deployment_names import find_deployment
from pfa_gitops.platforms.prefect._deployment_spec import DeploymentSpec
from pfa_gitops.platforms.prefect._deployment_writes import accepted, starts_runs
from pfa_gitops.platforms.prefect._left_over_runs import carry_over, left_over
from pfa_gitops.platforms.prefect._runs import of_deployment, time
from pfa_gitops.platforms.prefect._schedules import Schedule
from pfa_gitops.platforms.prefect._slots import after_taken, schedule_from

REPLACED = "pfa-gitops.replaced"
"""The tag of a deployment that was paused since another takes its place."""


async def succeed(client: PrefectClient, change: Change, create: Callable[[Change], Awaitable[str]]) -> str:
    """Let the old one start nothing more, make the new one, and give it what waits. Returns the new one's id."""
    former, since = change.existing, _since(client, change.existing)
    paused_at = await _pause(client, former)
    successor = _successor(change)
    try:
        made = await create(successor)
    except PlatformError:
        await _resume(client, former, since, change.key.name)
        raise
    if starts_runs(replace(successor, live=None)):
        await schedule_from(client, made, await after_taken(client, former.id, since, paused_at))
    await carry_over(client, await left_over(client, paused_at, flow_runs=of_deployment(former.id)), made)
    return made


async def _pause(client: PrefectClient, former: Live[DeploymentSpec]) -> datetime:
    """From when on the old one starts nothing by itself, by the server's clock. It may be gone already."""
    if _paused_by_people(former):
        return client.now_at_most()
    path = f"/deployments/{former.id}"
    body = {"paused": True, "tags": sorted({*former.spec.tags, REPLACED})}
    try:
        await client.patch(path, accepted(body, former))
        return time((await client.get(path))["updated"])
    except NotFound:
        return client.now()


async def _resume(client: PrefectClient, former: Live[DeploymentSpec], since: datetime, successor: str) -> None:
    """The old one goes on as before, unless the new one is there and could only not be written: both would run."""
    if _paused_by_people(former):
        return
    with suppress(PlatformError):  # why it failed is worth more than that
        if await find_deployment(client, successor) is not None:
            return
        body = {"paused": False, "tags": [tag for tag in former.spec.tags if tag != REPLACED]}
        await client.patch(f"/deployments/{former.id}", accepted(body, former))
        await schedule_from(client, former.id, since)


def _since(client: PrefectClient, former: Live[DeploymentSpec]) -> datetime:
    """From when on the new one is to start runs: now, or when an apply that was killed had paused the old one."""
    return time(former.touched.at) if former.touched and REPLACED in former.spec.tags else client.now()


def _paused_by_people(former: Live[DeploymentSpec]) -> bool:
    return former.spec.paused and REPLACED not in former.spec.tags


def _successor(change: Change) -> Change:
    """The new one, paused where people paused the old one, its intervals counted from the same time."""
    spec, live = change.manifest.spec, change.existing.spec
    former = {schedule.slug: schedule for schedule in live.schedules}
    update: dict[str, Any] = {} if "paused" in spec.model_fields_set else {"paused": _paused_by_people(change.existing)}
    if "schedules" in spec.model_fields_set:
        update["schedules"] = [_anchored(schedule, former.get(schedule.slug)) for schedule in spec.schedules]
    return replace(change, desired=replace(change.manifest, spec=spec.model_copy(update=update)))


def _anchored(schedule: Schedule, former: Schedule | None) -> Schedule:
    if former is None or "anchor_date" in schedule.model_fields_set or schedule.interval != former.interval:
        return schedule
    return schedule.model_copy(update={"anchor_date": former.anchor_date})
