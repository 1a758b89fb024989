"""Statuses for people at a terminal, and as JSON values. Pure: the caller says whether colour is wanted."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from pfa_gitops.model.history import to_json
from pfa_gitops.model.status import Cell, Health, InSync, Moment, Status, StatusReport, Sync, Table
from pfa_gitops.views.ages import age
from pfa_gitops.views.chains import chains_json, show_chain
from pfa_gitops.views.history import show_last
from pfa_gitops.views.problems import problems_json
from pfa_gitops.views.terminal import Paint, heading, painter
from pfa_gitops.views.values import printable

STATUS_FORMAT = "pfa-gitops/status/v1"
MOST_ROWS = 10
"""Rows of a table that a terminal shows; JSON has all."""
SIGN = {Health.GOOD: "●", Health.ATTENTION: "▲", Health.BAD: "✗", Health.ABSENT: "○"}
COLOUR = {Health.GOOD: "green", Health.ATTENTION: "yellow", Health.BAD: "red", Health.ABSENT: "bright_black"}
WIDEST_NAME = 40
SYNC_SIGN = {InSync.NO: "≠", InSync.UNKNOWN: "?"}
IDS = "id"
"""A column for programs only."""


def show_status(report: StatusReport, colour: bool = False) -> str:
    """One line for each object with its sign, grouped by kind; below it whether its runs start, and its tables."""
    paint = painter(colour)
    lines = heading(report.environment, (), paint)
    pages = {sync.address: sync.page for sync in report.syncs if sync.page}
    about = {address: [paint(f"      {printable(page)}", "bright_black")] for address, page in pages.items()}
    gone = {status.address for status in report.statuses if status.health is Health.ABSENT}
    for found in (one for one in report.chains if one.address not in gone):  # its status has said it all
        about.setdefault(found.address, []).insert(0, f"      {show_chain(found, paint)}")
    for kind, group in groupby(report.statuses, key=lambda status: status.address.kind):
        statuses = list(group)
        width = min(max(len(printable(status.address.name)) for status in statuses), WIDEST_NAME)
        lines.append(kind)
        for status in statuses:
            lines += _status_lines(status, width, about.get(status.address, ()), paint)
        lines.append("")
    if not report.statuses and not report.problems:
        lines += ["Nothing here has a status: no work pool, agent or deployment is declared.", ""]
    lines += _sync_lines(report.syncs, paint)
    lines += [show_last(report.history[-1]), ""] if report.history else []
    return "\n".join(lines).rstrip("\n")


def _sync_lines(syncs: Sequence[Sync], paint: Paint) -> list[str]:
    """How many objects are in sync, and which are not."""
    if not syncs:
        return []
    counts = ((state, sum(sync.state is state for sync in syncs)) for state in InSync)
    told = ", ".join(f"{count} {state}" for state, count in counts if count or state is InSync.YES)
    others = [sync for sync in syncs if sync.state is not InSync.YES]
    lines = (
        f"  {paint(SYNC_SIGN[sync.state], 'yellow')} {printable(str(sync.address))}  {printable(sync.reason)}"
        for sync in others
    )
    return [f"Sync: {told}.", *lines, ""]


def _status_lines(status: Status, width: int, about: Iterable[str], paint: Paint) -> Iterator[str]:
    sign = paint(SIGN[status.health], COLOUR[status.health])
    since = f", {age(status.since)} ago" if status.since else ""
    yield f"  {sign} {printable(status.address.name):<{width}}  {printable(status.message)}{since}"
    yield from about
    for table in status.tables:
        yield from (f"      {line}" for line in _table_lines(table, paint))


def _table_lines(table: Table, paint: Paint) -> Iterator[str]:
    shown = table.rows[:MOST_ROWS]
    if shown:
        columns = [name for name in shown[0] if name != IDS and any(row[name] is not None for row in table.rows)]
        texts = [[_text(row[name]) for name in columns] for row in shown]
        widths = [max(map(len, column)) for column in zip(columns, *texts, strict=True)]
        right = [all(_is_number(row[name]) for row in table.rows) for name in columns]
        yield paint(_aligned(columns, widths, right), "bright_black")
        yield from (_aligned(row, widths, right) for row in texts)
    if hidden := len(table.rows) - len(shown):
        yield f"… and {hidden} more"
    if table.note:
        yield printable(table.note)


def _aligned(texts: Sequence[str], widths: Sequence[int], right: Sequence[bool]) -> str:
    cells = (
        text.rjust(width) if at_right else text.ljust(width)
        for text, width, at_right in zip(texts, widths, right, strict=True)
    )
    return "  ".join(cells).rstrip()


def _is_number(cell: Cell) -> bool:
    return cell is None or (isinstance(cell, int) and not isinstance(cell, bool))


def _text(cell: Cell) -> str:
    if isinstance(cell, Moment):
        return f"{age(cell)} ago"
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    return "-" if cell is None else printable(str(cell))


def status_json(report: StatusReport) -> dict[str, Any]:
    """Return the report: format, environment, whether all is well, statuses, sync, runs, the last apply, problems."""
    return {
        "format": STATUS_FORMAT,
        "environment": report.environment,
        "well": report.is_well,
        "statuses": [_status(status) for status in report.statuses],
        "objects": [_object(sync) for sync in report.syncs],
        "will_run": chains_json(report.chains),
        "last_apply": to_json(report.history[-1]) if report.history else None,
        "problems": problems_json(report.problems),
    }


def _status(status: Status) -> dict[str, Any]:
    return {
        "address": str(status.address),
        "health": status.health.value,
        "message": status.message,
        "since": _json(status.since),
        "facts": _row(status.facts),
        **{table.name: [_row(row) for row in table.rows] for table in status.tables},
    }


def _object(sync: Sync) -> dict[str, Any]:
    return {
        "address": str(sync.address),
        "sync": sync.state.value,
        "reason": sync.reason or None,
        "page": sync.page or None,
    }


def _row(row: Mapping[str, Cell]) -> dict[str, Any]:
    return {name: _json(cell) for name, cell in row.items()}


def _json(cell: Cell) -> Any:
    if isinstance(cell, Moment):
        return {"time": cell.time.isoformat(), "age_seconds": round(cell.age_seconds, 1)}
    return cell
