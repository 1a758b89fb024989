"""How one value is shown: short, on one line, and never a secret. Pure."""

import json
from typing import Any

from pfa_gitops.model.plain import plain
from pfa_gitops.model.secrets import REDACTED, Sealed, SecretRef
from pfa_gitops.model.values import ABSENT

WIDEST = 60
"""Characters of a value that a line of a plan shows before it is cut."""


def to_json(value: Any) -> Any:
    """Return `value` as JSON has it. ABSENT becomes null; a Sealed shows only that it is one."""
    return json.loads(_dump(plain(value)))


def _dump(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=_leaf)


def _leaf(value: Any) -> str | None:
    return None if value is ABSENT else str(value)


def one_line(value: Any, widest: int = WIDEST) -> str:
    """Show a value as compact JSON on one line, cut where it is too wide; text without its quotes where it is plain."""
    if value is ABSENT:
        return "(absent)"
    if isinstance(value, Sealed):
        return REDACTED
    if isinstance(value, SecretRef):
        return f"(secret {value})"
    text = printable(_dump(plain(value)))
    return text if len(text) <= widest else f"{text[: widest - 1]}…"


def printable(text: str) -> str:
    """One line, without what would move the cursor, or colour what follows: a manifest may hold any character."""
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in text)


def printable_lines(text: str) -> str:
    """The same for a text of several lines."""
    return "\n".join(printable(line) for line in text.split("\n"))
