"""What can be wrong with an Automation beyond its types. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any

from pfa_gitops.model.places import Path
from pfa_gitops.platforms.base import Flaw
from pfa_gitops.platforms.prefect._automation_actions import PlainAction, RunDeployment, TargetedAction
from pfa_gitops.platforms.prefect._automation_resources import Resource
from pfa_gitops.platforms.prefect._automation_spec import AutomationSpec
from pfa_gitops.platforms.prefect._automation_triggers import (
    CompositeTrigger,
    EventTrigger,
    MetricTrigger,
    ResourceTrigger,
)
from pfa_gitops.platforms.prefect._automation_wire import STEP_LISTS

ID_LABEL = "prefect.resource.id"
EVERY_FLOW_RUN: tuple[Mapping[str, Any], ...] = ({}, {ID_LABEL: "prefect.flow-run.*"})
EVERY_RUN_HAS = {f"prefect.flow-run.{state}" for state in ("Scheduled", "Pending", "Running", "*")}
"""Events that every run of a deployment brings about, so that a run started by one of them brings about the next."""


def flaws(spec: AutomationSpec) -> Iterator[Flaw]:
    """Every flaw of one spec, with its path."""
    for path, trigger in triggers(spec.trigger, ("trigger",)):
        if isinstance(trigger, ResourceTrigger):
            yield from _misplaced(trigger, path)
    for path, step in steps(spec):
        if isinstance(step, TargetedAction):
            yield from _untargeted(step, path)
    if spec.enabled:
        yield from _loops(spec)


def steps(spec: AutomationSpec) -> Iterator[tuple[Path, Any]]:
    """All actions, with their paths."""
    for field in STEP_LISTS:
        yield from (((field, index), step) for index, step in enumerate(getattr(spec, field)))


def triggers(trigger: Any, path: Path) -> Iterator[tuple[Path, Any]]:
    """A trigger and those within it, with their paths."""
    yield path, trigger
    if isinstance(trigger, CompositeTrigger):
        for index, part in enumerate(trigger.triggers):
            yield from triggers(part, (*path, "triggers", index))


def _untargeted(step: TargetedAction, path: Path) -> Iterator[Flaw]:
    """Nobody may come to act upon whatever an event is about by leaving a name out."""
    named = getattr(step, step.target) is not None
    if step.source == "selected" and not named:
        mend = f"name its {step.target}, or write `source: inferred` to take the one that the event is about"
        yield Flaw(path, f"the action names no {step.target}", mend)
    if step.source == "inferred" and named:
        message = f"the action names its {step.target}, and has it inferred too"
        yield Flaw((*path, step.target), message, "leave out one of the two")


def _misplaced(trigger: ResourceTrigger, path: Path) -> Iterator[Flaw]:
    """A resource by its name stands for an id, and only one label holds ids."""
    places = [("match",), *(("match_related", index) for index in range(len(trigger.match_related)))]
    for place, labels in zip(places, [trigger.match, *trigger.match_related], strict=True):
        for label, value in labels.items():
            values = value if isinstance(value, list) else [value]
            if label != ID_LABEL and any(isinstance(item, Resource) for item in values):
                message = f"the label {label} is no id, so that no resource can stand for it"
                yield Flaw((*path, *place, label), message, f"name the resource under {ID_LABEL}")


def _loops(spec: AutomationSpec) -> Iterator[Flaw]:
    """Runs that start runs without end, which Prefect refuses."""
    trigger = spec.trigger
    if not isinstance(trigger, EventTrigger) or trigger.posture != "Reactive":
        return
    if not EVERY_RUN_HAS & set(trigger.expect):
        return
    related = trigger.match_related or [{}]
    any_run = trigger.match in EVERY_FLOW_RUN and any(labels in EVERY_FLOW_RUN for labels in related)
    for index, step in enumerate(spec.actions):
        if isinstance(step, RunDeployment) and (any_run or step.source == "inferred"):
            message = "each run that this starts would trigger the automation again, without end"
            mend = "name the deployment, and narrow down `match` or `match_related` to other flow runs"
            yield Flaw(("actions", index), message, mend)


def only_in_cloud(spec: AutomationSpec) -> Iterator[tuple[Path, str]]:
    """What Prefect Cloud alone takes, with its path."""
    for path, trigger in triggers(spec.trigger, ("trigger",)):
        if isinstance(trigger, MetricTrigger):
            yield path, "a metric trigger"
    for path, step in steps(spec):
        if isinstance(step, PlainAction) and step.type == "declare-incident":
            yield path, "the action declare-incident"
