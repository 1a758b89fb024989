"""Statuses for people at a terminal, and as JSON values. Pure: the caller says whether colour is wanted."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from pfa_gitops.model.status import Cell, Health, Moment, Status, StatusReport, Table
from pfa_gitops.views.problems import problems_json
from pfa_gitops.views.terminal import Paint, heading, painter
from pfa_gitops.views.values import printable

STATUS_FORMAT = "pfa-gitops/status/v1"
MOST_ROWS = 10
"""Rows of a table that a terminal shows; JSON has all."""
SIGN = {Health.GOOD: "●", Health.ATTENTION: "▲", Health.BAD: "✗", Health.ABSENT: "○"}
COLOUR = {Health.GOOD: "green", Health.ATTENTION: "yellow", Health.BAD: "red", Health.ABSENT: "bright_black"}
WIDEST_NAME = 40
UNITS = ((86400.0, "d"), (3600.0, "h"), (60.0, "min"), (0.0, "s"))
_SWITCH_AT = 2
"""From how many of a unit on it is used: 90 s say more than 1 min."""
IDS = "id"
"""A column for programs only."""


def show_status(report: StatusReport, colour: bool = False) -> str:
    """One line for each object with its sign, grouped by kind, and below it the tables that are not empty."""
    paint = painter(colour)
    lines = heading(report.environment, (), paint)
    for kind, group in groupby(report.statuses, key=lambda status: status.address.kind):
        statuses = list(group)
        width = min(max(len(printable(status.address.name)) for status in statuses), WIDEST_NAME)
        lines += [kind, *(line for status in statuses for line in _status_lines(status, width, paint)), ""]
    if not report.statuses and not report.problems:
        lines += ["Nothing here has a status: no work pool, agent or deployment is declared.", ""]
    return "\n".join(lines).rstrip("\n")


def _status_lines(status: Status, width: int, paint: Paint) -> Iterator[str]:
    sign = paint(SIGN[status.health], COLOUR[status.health])
    since = f", {age(status.since)} ago" if status.since else ""
    yield f"  {sign} {printable(status.address.name):<{width}}  {printable(status.message)}{since}"
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


def age(moment: Moment) -> str:
    """How long ago it is, in the unit that says most, e.g. `12 s` or `3 h`."""
    for seconds, unit in UNITS:
        if moment.age_seconds >= seconds * _SWITCH_AT:
            return f"{moment.age_seconds // (seconds or 1):.0f} {unit}"
    raise AssertionError("an age is never below 0")


def status_json(report: StatusReport) -> dict[str, Any]:
    """Return the report: format, environment, the status of each object, and what could not be read."""
    return {
        "format": STATUS_FORMAT,
        "environment": report.environment,
        "statuses": [_status(status) for status in report.statuses],
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


def _row(row: Mapping[str, Cell]) -> dict[str, Any]:
    return {name: _json(cell) for name, cell in row.items()}


def _json(cell: Cell) -> Any:
    if isinstance(cell, Moment):
        return {"time": cell.time.isoformat(), "age_seconds": round(cell.age_seconds, 1)}
    return cell
