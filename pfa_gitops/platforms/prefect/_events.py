"""What Prefect's log of events tells of a change: when it was and, in Prefect Cloud, whose. Reads only.

An object's own `updated` is no answer: any write moves it, most of all ours, a schedule's or a queue's change does not,
and it is gone with the object.
"""

import asyncio
from collections.abc import Collection, Mapping
from itertools import islice

from pfa_gitops.model.errors import PlatformError
from pfa_gitops.model.values import Touch
from pfa_gitops.platforms.prefect._client import Item, Listing, PrefectClient

_SAME = (
    "description",
    "tags",
    "parameters",
    "parameter_openapi_schema",
    "enforce_parameter_schema",
    "entrypoint",
    "path",
)
TOLD_AS: Mapping[str, Mapping[str, Collection[str]]] = {
    "deployment": {
        **{name: (name,) for name in (*_SAME, "pull_steps", "paused", "version")},
        "work_pool": ("work_queue_id",),
        "work_queue": ("work_queue_id",),
        "infra_block": ("infra_overrides",),
        "infra_overrides": ("infra_overrides",),
        "job_variables": ("infra_overrides",),
        "global_concurrency_limit": ("concurrency_limit_id",),
    },
    "work-pool": {
        name: (name,) for name in ("description", "base_job_template", "concurrency_limit", "storage_configuration")
    },
    "work-queue": {name: (name,) for name in ("description", "concurrency_limit", "priority")},
}
"""Which fields of an event tell of a field of the spec, by the name that events have for the kind. Of other fields,
e.g. schedules, there are no events [server/models/deployments.py, workers.py, work_queues.py]."""
MOST = 200
"""How many objects are asked for. Of a server that lost all it had, nobody needs the time of each."""
LATEST = 20
"""How many events of one object are looked at. The API gives at most 50 a page [server/api/events.py]."""


async def last_changes(
    client: PrefectClient, thing: str, drifted: Mapping[str, Collection[str]]
) -> Mapping[str, Touch | None]:
    """Do what `Kind.last_changes` does, with one request per object, for the first so many. `thing` is in TOLD_AS."""

    async def last(object_id: str, fields: Collection[str]) -> Touch | None:
        names = {name for field in fields for name in TOLD_AS[thing].get(field, ())}
        if fields and not names:
            return None
        events = await _events(client, thing, object_id, "updated" if fields else "deleted")
        return next((_touch(event) for event in events if not fields or names & _updated(event)), None)

    asked = dict(islice(drifted.items(), MOST))
    touches = await asyncio.gather(*(last(object_id, fields) for object_id, fields in asked.items()))
    return dict.fromkeys(drifted) | dict(zip(asked, touches, strict=True))


async def _events(client: PrefectClient, thing: str, object_id: str, action: str) -> Listing:
    """The newest first. None where they cannot be had: when it was is not worth a failure."""
    wanted = {
        "event": {"name": [f"prefect.{thing}.{action}"]},
        "resource": {"id": [f"prefect.{thing}.{object_id}"]},
        "order": "DESC",
    }
    try:
        answer = await client.ask("/events/filter", {"filter": wanted, "limit": LATEST})
    except PlatformError:
        return []
    events: Listing = answer["events"]
    return events


def _updated(event: Item) -> set[str]:
    return set((event.get("payload") or {}).get("updated_fields") or ())


def _touch(event: Item) -> Touch:
    """Prefect Cloud names the user or service account among the related resources, as the `actor`."""
    actors = (one for one in event.get("related") or () if one.get("prefect.resource.role") == "actor")
    return Touch(str(event["occurred"]), next((one.get("prefect.resource.name") for one in actors), None))
