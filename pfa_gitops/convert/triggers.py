"""The triggers of a deployment, of which `prefect deploy` makes automations → Automations that run it. Pure.

They are named and read as `prefect deploy` does it: what a trigger leaves out, its type too, is what Prefect infers.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from pfa_gitops.convert.schedules import interval
from pfa_gitops.convert.templates import GONE, Translator, Where
from pfa_gitops.convert.values import Made, Sort, manifest_name
from pfa_gitops.convert.written import Written
from pfa_gitops.model.closest import did_you_mean
from pfa_gitops.model.places import Address, Origin, Path

SORTS: Mapping[str, tuple[str, ...]] = {
    "event": ("posture", "expect", "after", "for_each", "threshold", "within", "match", "match_related"),
    "metric": ("posture", "metric", "match", "match_related"),
    "compound": ("require", "within", "triggers"),
    "sequence": ("within", "triggers"),
}
"""The fields of each sort of trigger."""
ABOUT = ("description", "enabled")
"""Fields of a trigger that become the automation's."""
RUN: Mapping[str, Where] = {
    "parameters": Where.EVENT,
    "job_variables": Where.JOB,
    "schedule_after": Where.DEPLOYMENT,
}
"""Fields of a trigger that become the action's, and who fills in what in them."""
TIMES = frozenset({"within", "schedule_after", "range", "firing_for"})
NOTHING: tuple[Any, ...] = (None, "", [], {}, GONE)
DEFAULTS: Mapping[str, Any] = {"enabled": True, "threshold": 1, "within": 0, "schedule_after": 0}
POSTURES = ("Reactive", "Metric")
"""What a trigger's type says anyway."""


@dataclass(frozen=True)
class Triggered:
    """The deployment that triggers run."""

    address: Address
    name: str
    """In Prefect."""
    flow_name: str


@dataclass
class _Parts:
    """Fields in the making, and where they were written."""

    values: dict[str, Any] = field(default_factory=dict)
    origins: dict[Path, Origin] = field(default_factory=dict)

    def put(self, name: str, written: Written, value: Any) -> None:
        """Set a field, unless it says what holds anyway."""
        if name in TIMES:
            value = interval(value)
        if _is_nothing(value) or (name in DEFAULTS and value == DEFAULTS[name]):
            return
        self.keep(name, written, value)

    def keep(self, name: str, written: Written, value: Any) -> None:
        """Set a field."""
        self.values[name] = value
        self.origins |= {(name, *path): at for path, at in written.origins()}


def convert_triggers(deployment: Written, target: Triggered, translator: Translator, taken: set[str]) -> Iterator[Made]:
    """An Automation for each trigger. `taken` are the automations' names in Prefect so far."""
    section = deployment.get("triggers")
    if section.value and not isinstance(section.value, list):
        translator.note(Sort.LOST, "`triggers` is no list", "write each after `- `", section.at)
    for number, trigger in enumerate(section.elements(), start=1):
        if not isinstance(trigger.value, dict):
            translator.note(Sort.LOST, "a trigger is a mapping", "write e.g. {expect: [an.event]}", trigger.at)
            continue
        name = _free(trigger, f"{target.name}__automation_{number}", target, translator, taken)
        address = Address("Automation", manifest_name(name))
        own = replace(translator, address=address)
        if (sort := _sort(trigger, own)) is not None:
            spec, origins = _automation(trigger, sort, target, own)
            spec = spec if name == address.name else {"name": name, **spec}
            yield Made(address, spec, origins, needs=target.address)


def _free(trigger: Written, default: str, target: Triggered, translator: Translator, taken: set[str]) -> str:
    """The automation's name in Prefect. There two may share one; here nothing would tell them apart."""
    given = translator.value(trigger.get("name"), Where.DEPLOYMENT)
    name = str(default if _is_nothing(given) else given)
    chosen, number = name, 1
    while manifest_name(chosen) in taken:
        chosen = f"{target.flow_name}-{name}" if number == 1 else f"{target.flow_name}-{name}-{number}"
        number += 1
    if chosen != name:
        message = f"a second automation would be called {name}: this one is now {chosen}"
        translator.note(Sort.CHANGED, message, "nothing to do; automations are told apart by their names", trigger.at)
    taken.add(manifest_name(chosen))
    return chosen


def _automation(
    trigger: Written, sort: str, target: Triggered, translator: Translator
) -> tuple[dict[str, Any], dict[Path, Origin]]:
    """The spec, and where its values were written."""
    _tell_ignored(trigger, {"name", "type", *ABOUT, *RUN, *SORTS[sort]}, translator)
    about, action = _Parts(), _Parts({"type": "run-deployment", "deployment": target.address.name})
    for key in ABOUT:
        about.put(key, trigger.get(key), translator.value(trigger.get(key), Where.DEPLOYMENT))
    for key, where in RUN.items():
        action.put(key, trigger.get(key), translator.value(trigger.get(key), where))
    parts = _trigger(trigger, sort, translator)
    origins = dict(_whole(trigger)) | about.origins
    origins |= {("trigger", *path): at for path, at in parts.origins.items()}
    origins |= {("actions", 0, *path): at for path, at in action.origins.items()}
    return {**about.values, "trigger": parts.values, "actions": [action.values]}, origins


def _whole(trigger: Written) -> Iterator[tuple[Path, Origin]]:
    if trigger.at is not None:
        yield from ((path, trigger.at) for path in ((), ("trigger",), ("actions",), ("actions", 0)))


def _trigger(written: Written, sort: str, translator: Translator) -> _Parts:
    """A trigger of a known sort, with those within it."""
    parts = _Parts({"type": sort})
    for key in SORTS[sort]:
        item = written.get(key)
        if key == "triggers" and isinstance(item.value, list):
            _inner(parts, item, translator)
        elif key == "metric" and isinstance(item.value, dict):
            parts.keep(key, item, _query(translator.value(item, Where.DEPLOYMENT)))
        elif key != "posture" or item.value not in POSTURES:
            parts.put(key, item, translator.value(item, Where.DEPLOYMENT))
    return parts


def _query(metric: dict[str, Any]) -> dict[str, Any]:
    return {name: interval(value) if name in TIMES else value for name, value in metric.items()}


def _inner(parts: _Parts, triggers: Written, translator: Translator) -> None:
    """The triggers that one is made of. Only the outermost has a name, a description, and what it runs with."""
    values: list[Any] = []
    for item in triggers.elements():
        path: Path = ("triggers", len(values))
        if item.at is not None:
            parts.origins[path] = item.at
        if not isinstance(item.value, dict):
            values.append(item.value)  # what is wrong with it, the check of the manifest says
        elif (sort := _sort(item, translator)) is not None:
            _tell_ignored(item, {"type", *SORTS[sort]}, translator)
            one = _trigger(item, sort, translator)
            values.append(one.values)
            parts.origins |= {(*path, *rest): at for rest, at in one.origins.items()}
    parts.values["triggers"] = values


def _sort(trigger: Written, translator: Translator) -> str | None:
    """The sort that it says, else the one that Prefect infers from its fields."""
    given = translator.value(trigger.get("type"), Where.DEPLOYMENT)
    if isinstance(given, str) and given in SORTS:
        return given
    if trigger.has("type"):
        mend = did_you_mean(str(given), SORTS, "write event, metric, compound or sequence, or leave it out")
        message = f"a trigger of the type {given!r} is none that Prefect knows"
        translator.note(Sort.REFUSED, message, mend, trigger.get("type").at)
        return None
    if trigger.get("posture").value == "Metric":
        return "metric"
    if trigger.has("triggers"):
        return "compound" if trigger.has("require") else "sequence"
    return "event"


def _tell_ignored(trigger: Written, known: set[str], translator: Translator) -> None:
    for key, item in trigger.items():
        if key not in known and not _is_nothing(item.value):
            message = f"`{key}` of this trigger is ignored by `prefect deploy`, and is not carried over"
            mend = did_you_mean(key, known, "take it out")
            translator.note(Sort.LOST, message, mend, item.at)


def _is_nothing(value: Any) -> bool:
    return any(value is one or value == one for one in NOTHING)
