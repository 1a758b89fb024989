"""How one value is shown: short, on one line, and never a secret. Pure."""

import json
from typing import Any

from pfa_gitops.model.plain import plain
from pfa_gitops.model.secrets import REDACTED, Concealed, SecretRef
from pfa_gitops.model.values import ABSENT

CONTEXT = 20
"""Characters that are shown before the first difference of two long values."""
WIDEST = 60
"""Characters of a value that a line of a plan shows before it is cut."""


def to_json(value: Any) -> Any:
    """Return `value` as JSON has it. ABSENT becomes null; a Sealed shows only that it is one."""
    return json.loads(_dump(plain(value)))


def _dump(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=_leaf)


def _leaf(value: Any) -> str | None:
    return None if value is ABSENT else str(value)


def one_line(value: Any) -> str:
    """Show a value as compact JSON on one line, cut where it is too wide; a secret as what it is."""
    return _cut(_text(value))


def side_by_side(before: Any, after: Any) -> tuple[str, str]:
    """Show two values as `one_line` does, with the first difference in sight where they are long and begin alike."""
    left, right = _text(before), _text(after)
    pairs = enumerate(zip(left, right, strict=False))
    alike = next((index for index, (one, other) in pairs if one != other), min(len(left), len(right)))
    hidden = max(len(left), len(right)) > WIDEST and alike > WIDEST - CONTEXT
    start = alike - CONTEXT if hidden else 0
    return _cut(left, start), _cut(right, start)


def _text(value: Any) -> str:
    if value is ABSENT:
        return "(absent)"
    if isinstance(value, Concealed):
        return REDACTED
    if isinstance(value, SecretRef):
        return f"(secret {value})"
    return printable(_dump(plain(value)))


def _cut(text: str, start: int = 0) -> str:
    text = f"…{text[start + 1 :]}" if start else text
    return text if len(text) <= WIDEST else f"{text[: WIDEST - 1]}…"


def printable(text: str) -> str:
    """One line, without what would move the cursor, or colour what follows: a manifest may hold any character."""
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in text)


def printable_lines(text: str) -> str:
    """The same for a text of several lines."""
    return "\n".join(printable(line) for line in text.split("\n"))
