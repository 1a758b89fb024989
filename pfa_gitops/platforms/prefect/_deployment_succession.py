"""Puts a deployment in the place of one of another name, which Prefect cannot rename. No run is lost or doubled.

The old one is paused first, and says so by a tag: where an apply is killed then, the next one must not take it for
paused by people, who want the new one to be paused, too.
"""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import Any

from pfa_gitops.model.errors import NotFound, PlatformError
from pfa_gitops.model.values import Change, Live, Spec
from pfa_gitops.platforms.prefect._client import PrefectClient
from pfa_gitops.platforms.prefect._deployment_names import find_deployment
from pfa_gitops.platforms.prefect._deployment_spec import DeploymentSpec
from pfa_gitops.platforms.prefect._deployment_writes import accepted, starts_runs
from pfa_gitops.platforms.prefect._left_over_runs import carry_over, left_over
from pfa_gitops.platforms.prefect._runs import of_deployment, time
from pfa_gitops.platforms.prefect._schedules import Schedule
from pfa_gitops.platforms.prefect._slots import after_taken, schedule_from

OF_ITS_PLACE = frozenset({"name", "flow_name", "work_pool", "work_queue", "infra_block", "infra_overrides"})
"""Fields that go by the manifest alone."""
TOGETHER = (
    frozenset({"infra_block", "infra_overrides", "job_variables"}),
    frozenset({"storage", "pull_steps", "path"}),
    frozenset({"concurrency_limit", "global_concurrency_limit"}),
)
"""Fields that Prefect keeps in one place: where a manifest names one, the others go by it, too."""
BY_PEOPLE = frozenset({"active", "parameters", "max_scheduled_runs"})
"""What of a schedule is not its times."""
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
    """The new one has what no manifest names from the old one: nobody's setting is lost, and what was off stays off."""
    spec, live = change.manifest.spec, change.existing.spec
    told = {other for group in TOGETHER if group & spec.model_fields_set for other in group} | OF_ITS_PLACE
    kept = {name: value for name, value in _unnamed(spec, live) if name not in told}
    if "paused" not in spec.model_fields_set:
        kept["paused"] = _paused_by_people(change.existing)
    if "tags" in kept:
        kept["tags"] = [tag for tag in live.tags if tag != REPLACED]
    if "schedules" in spec.model_fields_set:
        former = {schedule.slug: schedule for schedule in live.schedules}
        kept["schedules"] = [_as_before(schedule, former.get(schedule.slug)) for schedule in spec.schedules]
    return replace(change, desired=replace(change.manifest, spec=spec.model_copy(update=kept)))


def _unnamed(spec: Spec, live: Spec) -> Iterator[tuple[str, Any]]:
    """The fields that differ from their defaults and that `spec` does not name."""
    for name, field in type(spec).model_fields.items():
        value = getattr(live, name)
        if name not in spec.model_fields_set and value != field.get_default(call_default_factory=True):
            yield name, value


def _as_before(schedule: Schedule, former: Schedule | None) -> Schedule:
    """With what people set at it, and with its intervals counted from the same time."""
    if former is None:
        return schedule
    kept = {name: value for name, value in _unnamed(schedule, former) if name in BY_PEOPLE}
    if schedule.interval == former.interval and "anchor_date" not in schedule.model_fields_set:
        kept["anchor_date"] = former.anchor_date
    return schedule.model_copy(update=kept)
