"""The triggers of an automation, in one canonical form on both sides. Pure.

What the server keeps as a set is sorted; one value stands without a list around it; times are seconds.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, field_validator, model_validator

from pfa_gitops.model.values import Spec
from pfa_gitops.platforms.prefect._automation_resources import Resource
from pfa_gitops.platforms.prefect._schedules import to_seconds

SHORTEST_PROACTIVE_S = 10.0
SHORTEST_METRIC_S = 300.0


def _or_nothing(value: Any) -> Any:
    return [] if value is None else value


def _one_without_list(value: Any) -> Any:
    return value[0] if isinstance(value, list) and len(value) == 1 else value


def _or_no_labels(value: Any) -> Any:
    return {} if value is None else value


def _as_list(value: Any) -> Any:
    """Labels of one related resource are a list of one; no labels are no list."""
    if isinstance(value, Mapping):
        return [value] if value else []
    return [] if value is None else value


Seconds = Annotated[
    float, BeforeValidator(to_seconds, json_schema_input_type=float | str), Field(ge=0, allow_inf_nan=False)
]
"""Seconds, or text such as `1h30m` or `PT90M`."""
Names = Annotated[
    list[str],
    BeforeValidator(_or_nothing, json_schema_input_type=list[str] | None),
    AfterValidator(lambda names: sorted(set(names))),
]
"""Names whose order and doubles mean nothing."""
Label = Annotated[
    str | Resource | list[str | Resource],
    BeforeValidator(_one_without_list, json_schema_input_type=str | Resource | list[str | Resource]),
]
"""What a label must be: a text, which may end with `*`; a resource by its name; or a list, of which one must fit."""
Labels = Annotated[dict[str, Label], BeforeValidator(_or_no_labels, json_schema_input_type=dict[str, Label] | None)]


class ResourceTrigger(Spec):
    """What triggers that look at resources share."""

    match: Labels = Field(default_factory=dict)
    """Labels of the resources to look at, e.g. `{prefect.resource.id: prefect.flow-run.*}`. Default: all."""
    match_related: Annotated[
        list[Labels], BeforeValidator(_as_list, json_schema_input_type=Labels | list[Labels] | None)
    ] = Field(default_factory=list)
    """Labels of related resources, e.g. `{prefect.resource.id: {deployment: nightly}}`. Of a list all must fit."""


class EventTrigger(ResourceTrigger):
    """Fires when events are seen, or are not seen."""

    type: Literal["event"]
    """The sort of trigger: `event`, `metric`, `compound` or `sequence`."""
    posture: Literal["Reactive", "Proactive"] = "Reactive"
    """`Reactive`: fires when the expected events are seen. `Proactive`: fires when they are not."""
    expect: Names = Field(default_factory=list)
    """The expected events, e.g. `prefect.flow-run.Failed` or `prefect.flow-run.*`. Default: any."""
    after: Names = Field(default_factory=list)
    """Events of which one must be seen before. Default: none."""
    for_each: Names = Field(default_factory=list)
    """Labels for whose values it is counted apart, e.g. `prefect.resource.id` or `related:flow:prefect.resource.id`."""
    threshold: int = Field(default=1, ge=1)
    """How many events it takes, or with `Proactive` how many are expected."""
    within: Seconds = 0.0
    """The time in which they must come: seconds, or text such as `10m`. `Proactive` takes at least 10 seconds."""

    @model_validator(mode="after")
    def _long_enough(self) -> "EventTrigger":
        """Where it is left out, the server takes the shortest time."""
        named = "within" in self.model_fields_set
        if self.posture == "Proactive" and named and self.within < SHORTEST_PROACTIVE_S:
            raise ValueError("within must be at least 10 seconds where posture is Proactive")
        return self


class MetricQuery(Spec):
    """A metric, and from where on it counts."""

    name: Literal["lateness", "duration", "successes"]
    """What is measured."""
    operator: Literal["<", "<=", ">", ">="]
    """How it is compared with the threshold."""
    threshold: float = Field(allow_inf_nan=False)
    """The value it is compared with."""
    range: Seconds = SHORTEST_METRIC_S
    """The time over which it is measured: seconds, at least 300."""
    firing_for: Seconds = SHORTEST_METRIC_S
    """How long it must hold before the trigger fires: seconds, at least 300."""

    @field_validator("range", "firing_for")
    @classmethod
    def _long_enough(cls, value: float) -> float:
        if value < SHORTEST_METRIC_S:
            raise ValueError("it must be at least 300 seconds")
        return value


class MetricTrigger(ResourceTrigger):
    """Fires when a metric crosses a threshold. Prefect Cloud only."""

    type: Literal["metric"]
    """The sort of trigger: `event`, `metric`, `compound` or `sequence`."""
    posture: Literal["Metric"] = "Metric"
    """Always `Metric`."""
    metric: MetricQuery
    """The metric."""


class CompositeTrigger(Spec):
    """What triggers of triggers share."""

    triggers: "list[Trigger]" = Field(min_length=1)
    """The triggers."""
    within: Seconds | None = None
    """The time in which they must fire: seconds, or text such as `10m`. Null: any time."""


class CompoundTrigger(CompositeTrigger):
    """Fires when some or all of its triggers have fired."""

    type: Literal["compound"]
    """The sort of trigger: `event`, `metric`, `compound` or `sequence`."""
    require: int | Literal["any", "all"]
    """How many of them: a number, `any` or `all`."""

    @model_validator(mode="after")
    def _possible(self) -> "CompoundTrigger":
        if isinstance(self.require, int) and not 1 <= self.require <= len(self.triggers):
            raise ValueError(f"require must be from 1 to the number of triggers, {len(self.triggers)}")
        return self


class SequenceTrigger(CompositeTrigger):
    """Fires when its triggers have fired in their order."""

    type: Literal["sequence"]
    """The sort of trigger: `event`, `metric`, `compound` or `sequence`."""


Trigger = Annotated[EventTrigger | MetricTrigger | CompoundTrigger | SequenceTrigger, Field(discriminator="type")]

CompositeTrigger.model_rebuild()
CompoundTrigger.model_rebuild()
SequenceTrigger.model_rebuild()

TRIGGERS: Mapping[str, type[Spec]] = {
    "event": EventTrigger,
    "metric": MetricTrigger,
    "compound": CompoundTrigger,
    "sequence": SequenceTrigger,
}
"""By their type on the wire."""
