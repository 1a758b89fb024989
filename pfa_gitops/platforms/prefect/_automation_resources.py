"""What an automation names instead of ids: deployments, pools, queues, blocks and others, by their names. Pure.

The API knows them by id: as `deployment_id` in an action, as `prefect.deployment.<id>` in a trigger's labels.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Any, NamedTuple

from pydantic import BaseModel, Field, model_validator

from pfa_gitops.model.references import ItemOf, RefTo
from pfa_gitops.model.values import Action, Spec, without_nulls
from pfa_gitops.platforms.prefect._work_queues import DEFAULT_QUEUE

REPLACED = frozenset({Action.REPLACE})
"""The new object has a new id, under the same name."""

PoolName = Annotated[str, RefTo("WorkPool", rewritten_on=REPLACED), Field(min_length=1)]
DeploymentName = Annotated[str, RefTo("Deployment", rewritten_on=REPLACED), Field(min_length=1)]
AutomationName = Annotated[str, RefTo("Automation", rewritten_on=REPLACED), Field(min_length=1)]
BlockName = Annotated[str, RefTo("Block", rewritten_on=REPLACED), Field(pattern="^[^/]+/[^/]+$")]


class QueueName(Spec):
    """A queue of a work pool."""

    pool: PoolName
    """The work pool."""
    name: Annotated[str, ItemOf("pool", "queues", frozenset({DEFAULT_QUEUE}), "WorkQueue")] = Field(min_length=1)
    """The queue's name."""


class Resource(Spec):
    """A resource by its name, in the place of its id. Exactly one field is set."""

    deployment: DeploymentName | None = None
    """A Deployment of this project, or `flow name/deployment name` of another one."""
    work_pool: PoolName | None = None
    """A work pool."""
    work_queue: QueueName | None = None
    """A queue of a work pool."""
    block: BlockName | None = None
    """A block document, as `slug/name`."""
    flow: str | None = Field(default=None, min_length=1)
    """A flow, by its name in Prefect."""
    automation: AutomationName | None = None
    """An automation."""
    concurrency_limit: Annotated[str | None, RefTo("ConcurrencyLimit", rewritten_on=REPLACED)] = Field(
        default=None, min_length=1
    )
    """A global concurrency limit."""

    @model_validator(mode="before")
    @classmethod
    def _null_is_not_named(cls, data: Any) -> Any:
        return without_nulls(data, *SORTS)

    @model_validator(mode="after")
    def _exactly_one(self) -> "Resource":
        if sum(getattr(self, name) is not None for name in SORTS) != 1:
            raise ValueError(f"name exactly one resource: {', '.join(SORTS)}")
        return self


class Sort(NamedTuple):
    """How the API calls one sort of resource."""

    id_field: str
    """In an action."""
    prefix: str
    """Before the id, in a label."""


SORTS: Mapping[str, Sort] = {
    "deployment": Sort("deployment_id", "prefect.deployment"),
    "work_pool": Sort("work_pool_id", "prefect.work-pool"),
    "work_queue": Sort("work_queue_id", "prefect.work-queue"),
    "block": Sort("block_document_id", "prefect.block-document"),
    "flow": Sort("flow_id", "prefect.flow"),
    "automation": Sort("automation_id", "prefect.automation"),
    "concurrency_limit": Sort("concurrency_limit_id", "prefect.concurrency-limit"),
}
"""By the field that names such a resource."""

_UUID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_BY_PREFIX = {sort.prefix: name for name, sort in SORTS.items()}
_LABEL = re.compile(rf"(?P<prefix>{'|'.join(map(re.escape, _BY_PREFIX))})\.(?P<id>{_UUID})")


class Named(NamedTuple):
    """One resource, by its name or by its id."""

    sort: str
    name: str


def named(sort: str, value: str | QueueName) -> Named:
    """What a field of this name holds. A queue's name has its pool before it: neither may hold a slash."""
    return Named(sort, f"{value.pool}/{value.name}" if isinstance(value, QueueName) else value)


def written(sort: str, name: str) -> Any:
    """The value that a manifest has for the resource of this name."""
    if sort != "work_queue":
        return name
    pool, _, own = name.partition("/")
    return {"pool": pool, "name": own}


def items_of(value: Any) -> Iterable[Any]:
    """What stands in a mapping or a list."""
    if isinstance(value, Mapping):
        return value.values()
    return value if isinstance(value, list) else ()


def named_in(value: Any) -> Iterator[Named]:
    """Every resource that a spec names."""
    if isinstance(value, BaseModel):
        for field in type(value).model_fields:
            found = getattr(value, field)
            if field in SORTS and isinstance(found, str | QueueName):
                yield named(field, found)
            else:
                yield from named_in(found)
    for item in items_of(value):
        yield from named_in(item)


def labelled(value: Any) -> Named | None:
    """The resource whose id a label holds, e.g. `prefect.deployment.<id>`."""
    match = _LABEL.fullmatch(value) if isinstance(value, str) else None
    return Named(_BY_PREFIX[match["prefix"]], match["id"]) if match else None
