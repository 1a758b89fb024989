"""The writes of a Deployment: what of a spec goes into a request, and what goes first.

The bodies follow what PATCH does with null and with what is left out, which differs from field to field.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from pfa_gitops.model.errors import Invalid, NotFound
from pfa_gitops.model.plain import plain
from pfa_gitops.model.values import Change, Ids, Key, Live
from pfa_gitops.platforms.prefect import _deployment_limits, _schedules
from pfa_gitops.platforms.prefect._block_names import block_id
from pfa_gitops.platforms.prefect._client import Item, Listing, PrefectClient
from pfa_gitops.platforms.prefect._deployment_spec import AS_IN_PREFECT, NO_SCHEMA, DeploymentSpec
from pfa_gitops.platforms.prefect._job_variables import joined
from pfa_gitops.platforms.prefect._left_over_runs import follow, left_over
from pfa_gitops.platforms.prefect._naming import in_path
from pfa_gitops.platforms.prefect._placeholders import INFRA_TYPES
from pfa_gitops.platforms.prefect._runs import of_deployment
from pfa_gitops.platforms.prefect._schedules import Schedule
from pfa_gitops.platforms.prefect._slots import after_taken, auto_scheduled, fill_slots, late_slots, schedule_from
from pfa_gitops.platforms.prefect._work_queues import DEFAULT_QUEUE

AS_GIVEN = frozenset({*AS_IN_PREFECT, "parameter_openapi_schema"})
"""Fields that the REST API takes under our name and in our form."""
POOL = frozenset({"work_pool", "work_queue"})
RUNS_HAVE = POOL | {"schedules", "paused", "parameters", "tags", "version"}
"""Fields after whose change the runs to come are others."""
VARIABLES = frozenset({"job_variables", "infra_block", "infra_overrides"})

Body = dict[str, Any]


async def flow_id(client: PrefectClient, name: str) -> str:
    """The id of the flow of that name, which is made where it is missing. Many deployments share one."""
    flow = await client.once(f"the flow {name}", partial(client.post_twice, "/flows/", {"name": name}))
    return str(flow["id"])


async def body(
    client: PrefectClient,
    spec: DeploymentSpec,
    live: Live[DeploymentSpec] | None,
    ids: Ids,
    changed: frozenset[str] | None = None,
) -> Body:
    """The request for the fields that are set, or of those for the ones that changed. Schedules only for a new one."""
    names = spec.model_fields_set if changed is None else spec.model_fields_set & changed
    result: Body = {name: plain(getattr(spec, name)) for name in sorted(AS_GIVEN & names)}
    if names & VARIABLES:
        result["job_variables"] = await _job_variables(client, spec, live, ids)
    if names & (POOL | VARIABLES):
        result |= _pool(spec, live, names)
    if "storage" in names:
        result["storage_document_id"] = spec.storage and await block_id(client, spec.storage.block, ids)
    if "concurrency_limit" in names:
        result |= _deployment_limits.own_body(spec, live)
    if "global_concurrency_limit" in names:
        result["global_concurrency_limit_id"] = await _limit_id(client, spec.global_concurrency_limit, ids)
    if live is None and "schedules" in names:
        result["schedules"] = [_schedules.to_wire(schedule) for schedule in spec.schedules]
    return result


def _pool(spec: DeploymentSpec, live: Live[DeploymentSpec] | None, names: frozenset[str] | set[str]) -> Body:
    """Pool and queue always go together: a queue alone moves the deployment to another pool.

    The pool also goes with job variables, as the server holds them against the pool's template only then.
    """
    before = live.spec if live else DeploymentSpec()
    pool = spec.work_pool if "work_pool" in spec.model_fields_set else before.work_pool
    queue = spec.work_queue if "work_queue" in spec.model_fields_set else None
    if queue is None and not names & POOL:
        queue = before.work_queue
    if pool is None and not names & POOL:
        return {}
    if pool is None:
        return {"work_pool_name": None, "work_queue_name": None}
    return {"work_pool_name": pool} | ({"work_queue_name": queue} if queue else {})


async def _job_variables(
    client: PrefectClient, spec: DeploymentSpec, live: Live[DeploymentSpec] | None, ids: Ids
) -> Body:
    details: Mapping[str, Any] = live.details if live else {}
    block_type = await _block_type(client, spec.infra_block, ids) if spec.infra_block else None
    return joined(spec, details.get("job_variables", {}), details.get("parts"), block_type)


async def _block_type(client: PrefectClient, name: str, ids: Ids) -> str:
    """The type of an infra block, which its placeholder names. A thousand deployments of one block ask once."""
    document_id = ids.get(Key("InfraBlock", name))
    ask = partial(_ask_block_type, client, name, document_id)
    return await client.once(f"the type of the infra block {name} {document_id}", ask)


async def _ask_block_type(client: PrefectClient, name: str, document_id: str | None) -> str:
    wanted = {"block_types": {"slug": {"any_": [*INFRA_TYPES]}}, "block_documents": {"name": {"any_": [name]}}}
    documents = await client.read_all("/block_documents/filter", wanted)
    if not documents:
        raise Invalid(f"there is no infra block {name} in Prefect", "write an InfraBlock, or correct the name")
    found = next((item for item in documents if item["id"] == document_id), documents[0])
    return str(found["block_type"]["slug"])


async def _limit_id(client: PrefectClient, name: str | None, ids: Ids) -> str | None:
    if name is None:
        return None
    if (known := ids.get(Key("ConcurrencyLimit", name))) is not None:
        return known
    try:
        return str((await client.get(f"/v2/concurrency_limits/{in_path(name)}"))["id"])
    except NotFound:
        mend = "write a ConcurrencyLimit, or correct the name"
        raise Invalid(f"there is no global concurrency limit {name} in Prefect", mend) from None


def accepted(request: Body, live: Live[DeploymentSpec]) -> Body:
    """The request with a schema where the deployment has none: without one Prefect refuses every write."""
    return request if live.details.get("has_schema", True) else {"parameter_openapi_schema": NO_SCHEMA} | request


async def update(client: PrefectClient, change: Change, ids: Ids) -> None:
    """Write the fields that changed, and keep the runs that are to come. Each request may be sent twice."""
    spec, live, began = change.manifest.spec, change.existing, client.now()
    path = f"/deployments/{live.id}"
    request = await body(client, spec, live, ids, change.changed)
    if first := _deployment_limits.before_update(spec, live.spec) if _touches_limits(change) else {}:
        await client.patch(path, accepted(first, live))
        request = {name: value for name, value in request.items() if (name, value) not in first.items()}
    again: list[Body] = []
    gone: list[str] = []
    before: Listing = []
    if "schedules" in change.changed:
        gone, kept = sorted_out(spec.schedules, live)
        before = await _remove_schedules(client, live, gone) if gone else []
        if written := _written(spec.schedules, kept):
            request["schedules"] = [_schedules.to_wire(schedule) for schedule in written]
        again = sent_again(written, kept)
    if request:
        await client.patch(path, accepted(request, live))
    if again:
        await client.patch(path, {"schedules": again})
    if POOL & change.changed and after(change, "work_pool"):
        waiting = await left_over(client, flow_runs=of_deployment(live.id))
        await follow(client, [run for run in waiting if _where(run) in {_where_of(live.spec), (None, None)}])
    if starts_runs(change):
        since = await after_taken(client, live.id, began, client.now_at_most(), before) if gone else began
        await schedule_from(client, live.id, since)


async def _remove_schedules(client: PrefectClient, live: Live[DeploymentSpec], gone: Sequence[str]) -> Listing:
    """Remove schedules; the runs that there were. Prefect drops the late runs of all schedules with one of them."""
    runs = await auto_scheduled(client, live.id)
    late = late_slots(runs, set(live.details["schedule_ids"].values()) - set(gone), client.now_at_most())
    for schedule_id in gone:
        await client.remove(f"/deployments/{live.id}/schedules/{schedule_id}")
    await fill_slots(client, live.id, late)
    return runs


def _where(run: Item) -> tuple[str | None, str | None]:
    """The pool and the queue that a run waits in; none, where they went."""
    return run.get("work_pool_name"), run["work_queue_name"] if run.get("work_pool_name") else None


def _where_of(spec: DeploymentSpec) -> tuple[str | None, str | None]:
    return spec.work_pool, spec.work_queue or DEFAULT_QUEUE


def starts_runs(change: Change) -> bool:
    """Whether the deployment starts runs by itself after the change."""
    return not after(change, "paused") and any(schedule.active for schedule in after(change, "schedules"))


def started_runs(change: Change) -> bool:
    """Whether the deployment started runs by itself before the change."""
    live = change.existing.spec
    return not live.paused and any(schedule.active for schedule in live.schedules)


def after(change: Change, name: str) -> Any:
    """A field as it is after the change."""
    desired, live = change.manifest.spec, change.live
    return getattr(desired if live is None or name in desired.model_fields_set else live.spec, name)


def _touches_limits(change: Change) -> bool:
    return bool(change.changed & {"concurrency_limit", "global_concurrency_limit"})


def sorted_out(desired: Sequence[Schedule], live: Live[DeploymentSpec]) -> tuple[list[str], dict[str | None, Schedule]]:
    """The ids of the live schedules that must go, and those that stay, by slug.

    What has no slug goes, wanted or not: while one is there, a PATCH makes every schedule anew.
    """
    wanted = {schedule.slug: schedule for schedule in desired}
    ids, unslugged = live.details["schedule_ids"], live.details["unslugged"]
    kept = {
        schedule.slug: schedule
        for schedule in live.spec.schedules
        if schedule.slug in wanted
        and schedule.slug not in unslugged
        and not _must_be_new(wanted[schedule.slug], schedule)
    }
    return [schedule_id for slug, schedule_id in ids.items() if slug not in kept], kept


def _must_be_new(desired: Schedule, live: Schedule) -> bool:
    """The server cannot take a schedule's `max_scheduled_runs` away again: it passes over null."""
    named = "max_scheduled_runs" in desired.model_fields_set
    return named and desired.max_scheduled_runs is None and live.max_scheduled_runs is not None


def _written(desired: Sequence[Schedule], kept: Mapping[str | None, Schedule]) -> list[Schedule]:
    """The schedules to send: the added ones, and the changed ones laid over what is live."""
    merged = [
        (_schedules.rescheduled(schedule, kept[schedule.slug]) if schedule.slug in kept else schedule)
        for schedule in desired
    ]
    return [
        schedule
        for schedule in merged
        if schedule.slug not in kept or _schedules.to_wire(schedule) != _schedules.to_wire(kept[schedule.slug])
    ]


def sent_again(written: Sequence[Schedule], kept: Mapping[str | None, Schedule]) -> list[Body]:
    """The added schedules that must be sent twice, as the server passes over a new one's `max_scheduled_runs`."""
    return [
        _schedules.to_wire(schedule)
        for schedule in written
        if schedule.slug not in kept and schedule.max_scheduled_runs is not None
    ]
