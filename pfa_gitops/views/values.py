"""How one value is shown: short, on one line, and never a secret. Pure."""

import json
import re
from collections.abc import Callable, Sequence
from typing import Any

from pfa_gitops.model.plain import plain
from pfa_gitops.model.secrets import REDACTED, Concealed, SecretRef
from pfa_gitops.model.values import ABSENT

CONTEXT = 20
"""Characters that are shown before the first difference of two long values."""
WIDEST = 60
"""Characters of a value that a line of a plan shows before it is cut."""
LONGEST = 4_000
"""Characters of a message that people are shown."""


def to_json(value: Any) -> Any:
    """Return `value` as JSON has it. ABSENT becomes null; a Sealed shows only that it is one."""
    return json.loads(_dump(plain(value)))


def _dump(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=_leaf)


def _leaf(value: Any) -> str | None:
    return None if value is ABSENT else str(value)


def one_line(value: Any) -> str:
    """Show a value as compact JSON on one line, cut where it is too wide; a secret as what it is."""
    return _cut(whole(value))


def side_by_side(before: Any, after: Any) -> tuple[str, str]:
    """Show two values as `one_line` does, with the first difference in sight where they are long and begin alike."""
    left, right = whole(before), whole(after)
    pairs = enumerate(zip(left, right, strict=False))
    alike = next((index for index, (one, other) in pairs if one != other), min(len(left), len(right)))
    hidden = max(len(left), len(right)) > WIDEST and alike > WIDEST - CONTEXT
    start = alike - CONTEXT if hidden else 0
    return _cut(left, start), _cut(right, start)


def whole(value: Any) -> str:
    """Show a value as compact JSON on one line, however long that is; a secret as what it is."""
    if value is ABSENT:
        return "(absent)"
    if isinstance(value, Concealed):
        return REDACTED
    if isinstance(value, SecretRef):
        return printable(f"(secret {value})")
    return printable(_dump(plain(value)))


def _cut(text: str, start: int = 0) -> str:
    text = f"…{text[start + 1 :]}" if start else text
    return text if len(text) <= WIDEST else f"{text[: WIDEST - 1]}…"


def shortened(text: str, most: int) -> str:
    """A name of at most `most` characters: what it begins and ends with, as names differ at either end."""
    half = most // 2
    return text if len(text) <= most else f"{text[: most - half - 1]}…{text[-half:]}"


_COMMAND = re.compile(r"^(\s*):(?=:)|##(?=\[)", re.MULTILINE)
"""How GitHub Actions knows a command in what a step prints: `::error::` begins a line, `##[error]` stands anywhere."""


def defused(text: str) -> str:
    """The same text, without lines that a CI system would take for its commands."""
    return _COMMAND.sub(lambda found: r"#\x23" if found[0] == "##" else rf"{found[1]}\x3a", text)


def json_text(value: Any) -> str:
    """A value as indented JSON. What no screen shows is written as an escape, as is a CI system's command."""
    text = json.dumps(value, indent=2, ensure_ascii=False)
    if not all(line.isprintable() for line in text.split("\n")):
        text = "".join(one if one.isprintable() or one == "\n" else json.dumps(one)[1:-1] for one in text)
    return text.replace("##[", r"#\u0023[")


def some_of(names: Sequence[object], most: int, shown: Callable[[str], str]) -> str:
    """The first `most` of these, each as `shown` has it, and how many more there are, e.g. `a, b and 3 more`."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return f"{', '.join(shown(str(name)) for name in names[:most])}{more}"


def printable(text: str) -> str:
    """One line, without what would move the cursor, or colour what follows: a manifest may hold any character."""
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in text)


def printable_lines(text: str, indent: str = "") -> str:
    """The same for a text of several lines. All but the first are indented, so that none passes for one of ours."""
    shown = text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
    return f"\n{indent}".join(printable(line) for line in shown.split("\n"))
