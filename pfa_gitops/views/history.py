"""The last applies, for people and programs. Pure."""

from collections.abc import Iterator, Sequence
from typing import Any

from pfa_gitops.model.history import COMPLETE, UNFINISHED, Applied, to_json
from pfa_gitops.views.terminal import Paint, heading, painter
from pfa_gitops.views.values import printable

HISTORY_FORMAT = "pfa-gitops/history/v1"
SHORT = 10
"""Characters of a commit that people read."""
COLOUR = {COMPLETE: "green", UNFINISHED: "yellow"}


def history_json(environment: str, history: Sequence[Applied]) -> dict[str, Any]:
    """The applies, the newest first."""
    return {
        "format": HISTORY_FORMAT,
        "environment": environment,
        "applies": [to_json(applied) for applied in reversed(history)],
    }


def show_history(environment: str, history: Sequence[Applied], colour: bool = False) -> str:
    """Each apply with what it did, the newest first."""
    paint = painter(colour)
    lines = heading(environment, (), paint)
    for applied in reversed(history):
        lines += [*_lines(applied, paint), ""]
    if not history:
        lines.append("Nothing was applied yet, or by a version that kept no history.")
    return "\n".join(lines).rstrip("\n")


def show_last(applied: Applied) -> str:
    """The last apply on one line."""
    return f"Last {printable(applied.source.command)}: {printable(applied.result)}, {_origin(applied)}"


def _lines(applied: Applied, paint: Paint) -> Iterator[str]:
    result = paint(printable(applied.result), COLOUR.get(applied.result, "red"))
    yield f"{printable(applied.source.command)} {result}, {_origin(applied)}"
    planned = ", ".join(f"{count} to {printable(word)}" for word, count in applied.counts.items())
    ended = ", ".join(f"{count} {printable(result)}" for result, count in applied.outcomes.items())
    yield f"  {planned or 'nothing to write'}{f': {ended}' if ended else ''}"
    yield from (f"    {printable(change)}" for change in applied.changes)
    if hidden := sum(applied.counts.values()) - len(applied.changes):
        yield f"    … and {hidden} more"


def _origin(applied: Applied) -> str:
    """Who, when, and of what commit."""
    source = applied.source
    commit = f"commit {source.commit[:SHORT]}" if source.commit else "no commit"
    dirty = " with changes that were not committed" if source.dirty else ""
    url = f", {source.url}" if source.url else ""
    return printable(f"by {source.who} at {source.at}, {commit}{dirty}{url}")
