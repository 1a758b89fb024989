"""A schedule of a prefect.yaml, in any of its spellings → a schedule of a Deployment. Pure."""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any

from pfa_gitops.convert.templates import Translator, Where
from pfa_gitops.convert.values import Sort
from pfa_gitops.convert.written import Written

TIMINGS = ("cron", "interval", "rrule")
FIELDS = ("slug", *TIMINGS, "timezone", "day_or", "anchor_date", "active", "parameters", "max_scheduled_runs")
DEFAULTS: Mapping[str, Any] = {"day_or": True, "active": True, "timezone": "UTC", "parameters": {}}
NO_CATCHUP = ("catchup", False)
"""Written by early versions of Prefect 3, and what all versions do."""
CLOCK = re.compile(r"(?:(\d+) days?,? ?)?(\d+):(\d\d)(?::(\d\d(?:\.\d+)?))?")
"""`1:30:00` or `2 days, 1:30:00`, as Python writes a duration."""


def convert_schedules(deployment: Written, translator: Translator) -> list[tuple[dict[str, Any], Written]]:
    """The schedules of one deployment, each with its place: those of `schedules`, else the one of `schedule`."""
    single, several = deployment.get("schedule"), deployment.get("schedules")
    if several.value and single.value:
        message = "`schedule` beside `schedules`: `prefect deploy` refuses both together; `schedules` is carried over"
        translator.note(Sort.LOST, message, "add it to the schedules, if it is meant to run too", single.at)
    chosen = several if several.value else single
    written = chosen.elements() if isinstance(chosen.value, list) else [chosen] if chosen.value else []
    return [found for item in written for found in _one(item, translator)]


def _one(item: Written, translator: Translator) -> Iterator[tuple[dict[str, Any], Written]]:
    if not item.value:  # `schedule: {}`, as `prefect init` writes it
        return
    value = translator.value(item, Where.DEPLOYMENT)
    if not isinstance(value, dict):
        translator.note(Sort.LOST, "a schedule is a mapping", "write e.g. {cron: 0 3 * * *}", item.at)
        return
    flat = _flat(value)
    for name in flat:
        if name not in FIELDS and flat[name] is not None and (name, flat[name]) != NO_CATCHUP:
            _report_unknown(name, item, translator)
    if fields := _canonical({name: flat[name] for name in FIELDS if flat.get(name) is not None}, item, translator):
        yield fields, item


def _flat(value: Mapping[str, Any]) -> dict[str, Any]:
    """The server's spelling has the timing in a mapping of its own; Prefect 2 wrote an rrule as JSON."""
    inner = value.get("schedule")
    flat = dict(value)
    if isinstance(inner, dict):
        flat = {**{key: item for key, item in value.items() if key != "schedule"}, **inner}
    rrule = flat.get("rrule")
    if isinstance(rrule, str) and rrule.lstrip().startswith("{"):
        with suppress(ValueError, RecursionError):  # what it is then, the check of the manifest says
            flat |= json.loads(rrule)
    return flat


def _report_unknown(name: str, item: Written, translator: Translator) -> None:
    mend = "take it out"
    if name == "replaces":
        mend = "give the schedule the slug; the one of the old slug is removed by apply"
    if name == "flow_run_name":
        mend = "name the runs in the flow: @flow(flow_run_name=…)"
    translator.note(Sort.LOST, f"a schedule has no `{name}` in Prefect 3", mend, item.get(name).at or item.at)


def _canonical(fields: dict[str, Any], item: Written, translator: Translator) -> dict[str, Any]:
    if not any(name in fields for name in TIMINGS):
        translator.note(Sort.LOST, "a schedule that says not when", "give it cron, interval or rrule", item.at)
        return {}
    if "interval" in fields:
        fields["interval"] = interval(fields["interval"])
    if "interval" not in fields:
        fields.pop("anchor_date", None)  # written by `prefect deploy` of old, and means nothing there
    if "cron" not in fields:
        fields.pop("day_or", None)
    if "anchor_date" in fields:
        fields["anchor_date"] = _anchor(fields, item, translator)
    return {name: value for name, value in fields.items() if name not in DEFAULTS or value != DEFAULTS[name]}


def interval(value: Any) -> Any:
    """Whole seconds as a whole number; a clock's reading as seconds; other texts mean the same in a manifest."""
    if isinstance(value, str) and (match := CLOCK.fullmatch(value.strip())):
        days, hours, minutes, seconds = (float(part or 0) for part in match.groups())
        value = ((days * 24 + hours) * 60 + minutes) * 60 + seconds
    if isinstance(value, str) and re.fullmatch(r"\d+(\.\d+)?", value.strip()):
        value = float(value)
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _anchor(fields: Mapping[str, Any], item: Written, translator: Translator) -> Any:
    """`prefect deploy` takes an anchor without an offset as UTC; a manifest takes it in the schedule's zone."""
    text = fields["anchor_date"]
    try:
        moment = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return text
    if moment.tzinfo is not None:
        return text
    if fields.get("timezone", "UTC") != "UTC":
        message = f"the anchor {text} has no offset: `prefect deploy` takes it as UTC, and so does the manifest"
        mend = f"take the Z off, where {fields['timezone']} is meant"
        translator.note(Sort.CHANGED, message, mend, item.get("anchor_date").at)
    return f"{moment.isoformat()}Z"
