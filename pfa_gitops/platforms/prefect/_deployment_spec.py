"""The spec of a Deployment. Pure.

What is null in a manifest is written in the form in which Prefect answers it, so that both sides agree.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, field_validator, model_validator

from pfa_gitops.model.references import ItemOf, RefTo
from pfa_gitops.model.values import Action, NamedSpec, Spec, without_nulls
from pfa_gitops.platforms.prefect._infra_fields import InfraFields
from pfa_gitops.platforms.prefect._placeholders import PLACEHOLDERS
from pfa_gitops.platforms.prefect._schedules import Schedule, with_slugs
from pfa_gitops.platforms.prefect._work_queues import DEFAULT_QUEUE

NO_SCHEMA = {"type": "object", "properties": {}}
"""What a deployment has whose flow is not known. With null instead, Prefect refuses every later write."""


AS_IN_PREFECT = (
    "entrypoint",
    "pull_steps",
    "path",
    "parameters",
    "enforce_parameter_schema",
    "tags",
    "description",
    "version",
    "paused",
)
"""Fields that the REST API tells under our name and in our form."""


NEW_BLOCK = frozenset({Action.CREATE, Action.REPLACE})
"""A block may come back as one of another type, which the deployment's placeholder names. A CREATE too: a replacement
that failed halfway leaves none, and the placeholder of the one before. A pool, a storage or a limit needs no such
rule: what is gone is null in the deployment, or took it away."""


def _or_empty(value: Any) -> Any:
    return {} if value is None else value


def _or_none(value: Any) -> Any:
    return [] if value is None else value


EMPTY: Mapping[str, Any] = {"definitions": {}, "required": []}


def canonical_schema(value: Any) -> Any:
    """A schema of parameters: null is one without parameters; what some tools write though it is empty is not there."""
    if value is None or value == {}:
        return NO_SCHEMA
    if not isinstance(value, dict):
        return value
    return {name: part for name, part in value.items() if name not in EMPTY or part != EMPTY[name]}


FreeForm = Annotated[
    dict[str, Any],
    BeforeValidator(_or_empty, json_schema_input_type=dict[str, Any] | None),
    *PLACEHOLDERS,
]
"""A free-form mapping in whose strings Prefect's placeholders may stand. Null is an empty one."""


class Storage(Spec):
    """Where the flow's code is fetched from."""

    block: Annotated[str, RefTo("Block")] = Field(pattern="^[^/]+/[^/]+$")
    """A storage block document as `slug/name`, e.g. `s3-bucket/test-storage`."""


class Concurrency(Spec):
    """How many runs of the deployment may be active at once, and what becomes of the others."""

    limit: int | None = Field(default=None, gt=0)
    """The most runs at once. Leave it out beside `global_concurrency_limit`."""
    collision_strategy: Literal["ENQUEUE", "CANCEL_NEW"] = "ENQUEUE"
    """What becomes of a run beyond the limit: it waits, or it is cancelled."""
    grace_period_seconds: int | None = Field(default=None, ge=60, le=86400)
    """Seconds that infrastructure may take to start before a run loses its slot. Default: the server's."""


def _number_as_limit(value: Any) -> Any:
    return {"limit": value} if isinstance(value, int) and not isinstance(value, bool) else value


class DeploymentSpec(NamedSpec):
    """A Prefect deployment: a flow, where its code is, where and when it runs, and with what."""

    entrypoint: str | None = None
    """The flow, as `path/to/file.py:function`, `path/to/file.py:Class.method` or `package.module:function`."""
    flow_name: str | None = Field(default=None, min_length=1)
    """The flow's name in Prefect. Default: what the source at `entrypoint` says."""
    work_pool: Annotated[str | None, RefTo("WorkPool", rewritten_on=frozenset({Action.REPLACE}))] = Field(
        default=None, min_length=1
    )
    """The work pool that runs it."""
    work_queue: Annotated[str | None, ItemOf("work_pool", "queues", frozenset({DEFAULT_QUEUE}), "WorkQueue")] = Field(
        default=None, min_length=1
    )
    """The queue of that pool. Default: the pool's default queue."""
    infra_block: Annotated[str | None, RefTo("InfraBlock", rewritten_on=NEW_BLOCK, overlaid_by="infra_overrides")] = (
        Field(default=None, min_length=1)
    )
    """The InfraBlock that says how a run becomes an Anyscale job. A run reads it when it starts."""
    infra_overrides: InfraFields | None = None
    """Single fields of the infra block, for this deployment."""
    job_variables: FreeForm = Field(default_factory=dict)
    """Values for the variables of the work pool's job template. Once named, all that is not below `infra_*`."""
    storage: Storage | None = None
    """Where the code is fetched from. Not together with `pull_steps`."""
    pull_steps: Annotated[list[dict[str, Any]] | None, *PLACEHOLDERS] = None
    """How the code is fetched, as Prefect writes it, e.g. `[{prefect.deployments.steps.git_clone: {…}}]`."""
    path: str | None = None
    """The folder of the code, where runs happen: absolute, or relative to the storage."""
    parameters: FreeForm = Field(default_factory=dict)
    """The flow's parameters."""
    parameter_openapi_schema: Annotated[
        dict[str, Any],
        BeforeValidator(canonical_schema, json_schema_input_type=dict[str, Any] | None),
    ] = Field(default_factory=lambda: dict(NO_SCHEMA))
    """The JSON Schema of the parameters. Default: read from the source at `entrypoint`."""
    enforce_parameter_schema: bool = True
    """Whether Prefect refuses parameters that do not fit the schema."""
    schedules: Annotated[list[Schedule], BeforeValidator(_or_none, json_schema_input_type=list[Schedule] | None)] = (
        Field(default_factory=list)
    )
    """When runs start by themselves. Once named, all of them: others are removed."""
    tags: Annotated[list[str], BeforeValidator(_or_none, json_schema_input_type=list[str] | None)] = Field(
        default_factory=list
    )
    """The deployment's tags. Its runs get them too."""
    description: str | None = None
    """What it is, in Markdown. Default: the flow's description or docstring."""
    version: str | None = None
    """A version that people give it."""
    paused: bool = False
    """Whether its schedules rest."""
    concurrency_limit: Annotated[
        Concurrency | None, BeforeValidator(_number_as_limit, json_schema_input_type=int | Concurrency | None)
    ] = None
    """How many runs may be active at once: a number, or a mapping with what becomes of the others."""
    global_concurrency_limit: Annotated[str | None, RefTo("ConcurrencyLimit")] = Field(default=None, min_length=1)
    """A ConcurrencyLimit that this deployment shares with others. Not together with a limit of its own."""

    @model_validator(mode="before")
    @classmethod
    def _null_is_no_flow(cls, data: Any) -> Any:
        """The flow's name is half of the key, so that null can only mean what leaving it out means."""
        return without_nulls(data, "flow_name")

    @field_validator("schedules", mode="after")
    @classmethod
    def _with_slugs(cls, schedules: list[Schedule]) -> list[Schedule]:
        return with_slugs(schedules)
