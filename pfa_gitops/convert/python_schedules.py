"""Schedules in a script: `CronSchedule(…)` and the like → schedules of a Deployment. Pure."""

import ast
from collections.abc import Iterator
from typing import Any

from pfa_gitops.convert.python_calls import Arguments
from pfa_gitops.convert.schedules import DEFAULTS
from pfa_gitops.convert.templates import GONE
from pfa_gitops.convert.values import Sort

CLASSES = {"CronSchedule": "cron", "IntervalSchedule": "interval", "RRuleSchedule": "rrule"}
FIELDS = ("timezone", "day_or", "anchor_date")


def schedules_of(given: Arguments) -> list[dict[str, Any]]:
    """The schedules of one deployment: those of `schedules`, and the one of `schedule`."""
    return [found for name in ("schedule", "schedules") for found in _of(given, name)]


def _of(given: Arguments, name: str) -> Iterator[dict[str, Any]]:
    expression = given.expression(name)
    if expression is None:
        return
    written = given.context.script.behind(expression)
    for item in written.elts if isinstance(written, ast.List | ast.Tuple) else [written]:
        found = _one(given.context.script.behind(item), given)
        if found:
            yield found
        elif not (isinstance(item, ast.Constant) and item.value is None):
            message = "a schedule that is not known without running the script"
            given.note(Sort.LOST, message, "write it into the manifest by hand", name)


def _one(call: ast.expr, given: Arguments) -> dict[str, Any] | None:
    if not isinstance(call, ast.Call):
        return None
    kind = (given.context.script.class_of(call.func) or "").rpartition(".")[2]
    if kind not in CLASSES:
        return None
    timing = CLASSES[kind]
    fields = Arguments(call, given.context, (timing,), given.address)
    values = {name: fields.value(name) for name in (timing, *FIELDS)}
    fields.report_rest(frozenset())
    if values[timing] in (None, GONE):
        return None
    return {
        name: value
        for name, value in values.items()
        if value not in (None, GONE) and (name not in DEFAULTS or value != DEFAULTS[name])
    }
