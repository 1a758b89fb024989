"""What exists and is not this project's, for people and programs. Pure."""

from collections.abc import Iterator
from itertools import groupby
from typing import Any

from pfa_gitops.model.unmanaged import Stray, StraysReport
from pfa_gitops.model.values import Touch
from pfa_gitops.views.problems import problems_json
from pfa_gitops.views.terminal import Paint, heading, painter
from pfa_gitops.views.values import printable

UNMANAGED_FORMAT = "pfa-gitops/unmanaged/v1"
WIDEST_NAME = 40


def strays_json(report: StraysReport) -> dict[str, Any]:
    """The report: format, environment, notices, the objects, and what could not be read."""
    return {
        "format": UNMANAGED_FORMAT,
        "environment": report.environment,
        "notices": list(report.notices),
        "objects": [_stray(stray) for stray in report.strays],
        "problems": problems_json(report.problems),
    }


def _stray(stray: Stray) -> dict[str, Any]:
    return {
        "kind": stray.key.kind,
        "name": stray.key.name,
        "id": stray.id,
        "page": stray.page or None,
        "project": stray.owner.project if stray.owner else None,
        "environment": stray.owner.environment if stray.owner else None,
        "made_by": stray.made_by or None,
        "declared": str(stray.declared) if stray.declared else None,
        "created": _touch(stray.made),
        "updated": _touch(stray.touched),
    }


def _touch(touch: Touch | None) -> dict[str, Any] | None:
    return {"at": touch.at, "by": touch.by} if touch else None


def show_strays(report: StraysReport, colour: bool = False) -> str:
    """The objects by kind, each with its page or id, when and by whom it was changed, and whose it is."""
    paint = painter(colour)
    lines = heading(report.environment, report.notices, paint)
    for kind, group in groupby(report.strays, key=lambda stray: stray.key.kind):
        strays = list(group)
        width = min(max(len(printable(stray.key.name)) for stray in strays), WIDEST_NAME)
        lines += [kind, *(line for stray in strays for line in _lines(stray, width, paint)), ""]
    nobodys = sum(not (stray.owner or stray.made_by) for stray in report.strays)
    others = sum(stray.owner is not None for stray in report.strays)
    return "\n".join([*lines, f"Nobody's: {nobodys}. Of other projects: {others}."])


def _lines(stray: Stray, width: int, paint: Paint) -> Iterator[str]:
    yield f"  {printable(stray.key.name):<{width}}  {_whose(stray, paint)}{_when(stray)}"
    yield paint(f"      {printable(stray.page or stray.id)}", "bright_black")


def _whose(stray: Stray, paint: Paint) -> str:
    if stray.owner is not None:
        return paint(printable(str(stray.owner)), "cyan")
    if stray.made_by:
        return paint(f"made by {printable(stray.made_by)}", "bright_black")
    if stray.declared is not None:
        return paint("declared here, not taken over", "yellow")
    return "nobody's"


def _when(stray: Stray) -> str:
    """The last change, else the making."""
    for word, touch in (("changed", stray.touched), ("made", stray.made)):
        if touch is not None:
            by = f" by {printable(touch.by)}" if touch.by else ""
            return f", {word} {printable(touch.at)}{by}"
    return ""
