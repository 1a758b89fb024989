"""What a change does to one object, as the lines of a diff, for any view that has room for whole values. Pure.

Every line is printable: what would move a cursor, turn the direction of writing or begin a line is an escape.
"""

import json
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from typing import Any, NamedTuple

from pfa_gitops.model.places import show_path
from pfa_gitops.model.secrets import Concealed, SecretRef
from pfa_gitops.model.values import ABSENT, Action, Change, FieldChange
from pfa_gitops.views.values import printable, to_json, whole

SHORT = 72
"""Characters of a value that stands beside its field's name. A longer one takes lines of its own."""
WIDEST_LINE = 1_000
"""Characters of a line. What is longer goes on in the next one."""
MOST_LINES = 400
"""Lines that are shown of one field, and that are compared line by line."""
AROUND = 3
"""Lines that stay alike and are shown before and after what differs."""


class Line(NamedTuple):
    """One line of a diff."""

    sign: str
    """`+` comes, `-` goes, `!` is written though it looks alike, a space stays."""
    text: str


def difference(change: Change) -> list[Line]:
    """All fields of a change, one after the other. A field with a long value has its name on a line of its own."""
    return [line for field in change.fields for line in _field(change.action, field)]


def _field(action: Action, field: FieldChange) -> Iterator[Line]:
    name = printable(show_path(field.path)) or "(all)"
    because = f"  # {printable(field.reason)}" if field.reason else ""
    old = ABSENT if action is Action.CREATE else field.before
    long = max(len(whole(old)), len(whole(field.after))) > SHORT
    before, after = (value_lines(value, long) for value in (old, field.after))
    if before == after:
        yield Line("!", f"{name}: {before[0] if len(before) == 1 else '(as it is)'}{because}")
    elif max(len(before), len(after)) <= 1:
        yield from (Line("-", f"{name}: {text}") for text in before)
        yield from (Line("+", f"{name}: {text}") for text in after)
        yield from [Line(" ", because.strip())] if because else []
    else:
        yield Line(" ", f"{name}:{because}")
        yield from _limited([Line(sign, f"  {text}") for sign, text in _compared(before, after)])


def value_lines(value: Any, long: bool) -> list[str]:
    """A value as one line, or else as indented JSON; of a long text with line breaks, its lines. None if absent."""
    if value is ABSENT:
        return []
    if not long or isinstance(value, Concealed | SecretRef):
        return [whole(value)]
    lines = value.split("\n") if isinstance(value, str) else json.dumps(to_json(value), indent=2, ensure_ascii=False)
    shown = [printable(line) for line in (lines.split("\n") if isinstance(lines, str) else lines)]
    return [part for line in shown for part in _folded(line)]


def _folded(line: str) -> list[str]:
    return [line[start : start + WIDEST_LINE] for start in range(0, len(line), WIDEST_LINE)] or [""]


def _compared(before: Sequence[str], after: Sequence[str]) -> Iterator[Line]:
    """What differs, with a few lines around it. The lines that begin and end both alike cost nothing."""
    start = _alike(before, after)
    end = _alike(before[start:][::-1], after[start:][::-1])
    yield from _around(before[:start], at_end=False)
    gone, come = before[start : len(before) - end], after[start : len(after) - end]
    if max(len(gone), len(come)) > MOST_LINES:  # to compare each with each would take a minute
        yield from _first("-", gone)
        yield from _first("+", come)
    else:
        yield from _matched(gone, come)
    yield from _around(before[len(before) - end :], at_end=True)


def _first(sign: str, lines: Sequence[str]) -> Iterator[Line]:
    """As many of the lines as leave room for the other side."""
    most = MOST_LINES // 2 - 2 * AROUND
    yield from (Line(sign, text) for text in lines[:most])
    yield from [Line(" ", f"… {len(lines) - most} more lines")] if len(lines) > most else []


def _alike(before: Sequence[str], after: Sequence[str]) -> int:
    """How many lines both begin with."""
    pairs = enumerate(zip(before, after, strict=False))
    return next((index for index, (one, other) in pairs if one != other), min(len(before), len(after)))


def _matched(before: Sequence[str], after: Sequence[str]) -> Iterator[Line]:
    for tag, start, end, other_start, other_end in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if tag == "equal":
            yield from _between(before[start:end])
            continue
        yield from (Line("-", text) for text in before[start:end])
        yield from (Line("+", text) for text in after[other_start:other_end])


def _between(alike: Sequence[str]) -> Iterator[Line]:
    if len(alike) <= 2 * AROUND + 1:
        yield from (Line(" ", text) for text in alike)
        return
    yield from (Line(" ", text) for text in alike[:AROUND])
    yield Line(" ", "…")
    yield from (Line(" ", text) for text in alike[-AROUND:])


def _around(alike: Sequence[str], *, at_end: bool) -> Iterator[Line]:
    """The nearest of the lines before, or after, what differs."""
    near = alike[:AROUND] if at_end else alike[-AROUND:]
    hidden = [Line(" ", "…")] if len(near) < len(alike) else []
    lines = [Line(" ", text) for text in near]
    yield from [*lines, *hidden] if at_end else [*hidden, *lines]


def _limited(lines: Sequence[Line]) -> list[Line]:
    if len(lines) <= MOST_LINES:
        return list(lines)
    return [*lines[:MOST_LINES], Line(" ", f"  … {len(lines) - MOST_LINES} more lines")]
