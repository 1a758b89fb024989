"""What drifted, for people and programs. Pure."""

from collections.abc import Iterator
from itertools import groupby
from typing import Any

from pfa_gitops.model.drift import Drift, DriftReport
from pfa_gitops.model.places import show_path
from pfa_gitops.views.json import field_json
from pfa_gitops.views.terminal import Paint, heading, painter
from pfa_gitops.views.values import printable, side_by_side

DRIFT_FORMAT = "pfa-gitops/drift/v1"


def drift_json(report: DriftReport) -> dict[str, Any]:
    """The report: format, environment, notices, how many objects were looked at, and those that drifted."""
    return {
        "format": DRIFT_FORMAT,
        "environment": report.environment,
        "notices": list(report.notices),
        "objects": report.objects,
        "drifted": [_drift(drift) for drift in report.drifts],
    }


def _drift(drift: Drift) -> dict[str, Any]:
    return {
        "address": str(drift.address),
        "gone": drift.gone,
        "fields": [field_json(field) for field in drift.fields],
        "changed_at": drift.touched.at if drift.touched else None,
        "changed_by": drift.touched.by if drift.touched else None,
    }


def show_drift(report: DriftReport, colour: bool = False) -> str:
    """The report by kind, each field as applied → live, and the count in the last line."""
    paint = painter(colour)
    lines = heading(report.environment, report.notices, paint)
    for kind, drifts in groupby(report.drifts, key=lambda drift: drift.address.kind):
        lines += [kind, *(line for drift in drifts for line in _lines(drift, paint)), ""]
    if not report.drifts:
        lines += ["Nothing drifted: what is live is what was last applied.", ""]
    return "\n".join([*lines, f"Drift: {len(report.drifts)} of {report.objects} objects."])


def _lines(drift: Drift, paint: Paint) -> Iterator[str]:
    name = printable(drift.address.name)
    if drift.gone:
        yield f"  {paint(f'- {name}', 'red')}  is gone{_touched(drift, 'deleted')}"
        return
    yield f"  {paint(f'~ {name}', 'yellow')}{_touched(drift, 'changed')}"
    names = [printable(show_path(field.path)) for field in drift.fields]
    width = min(max(map(len, names), default=0), 40)
    for path, field in zip(names, drift.fields, strict=True):
        before, after = side_by_side(field.before, field.after)
        yield f"      {path:<{width}}  {before} → {after}"


def _touched(drift: Drift, what: str) -> str:
    if drift.touched is None:
        return ""
    by = f" by {printable(drift.touched.by)}" if drift.touched.by else ""
    return f"  {what} at {printable(drift.touched.at)}{by}"
