"""A long error in one line. Pure."""

import re

# How Python ends a traceback: `package.SomeError: what happened`. Indented lines are frames and notes.
_ENDS = re.compile(r"^(?:[A-Za-z_]\w*\.)*[A-Z]\w*(?:Error|Exception|Exit|Interrupt|Timeout|Failure)\b.*", re.MULTILINE)
_LONGEST = 500


def last_words(text: str) -> str:
    """The line that says what went wrong: the last traceback's end, or else the last line that is not blank."""
    lines = _ENDS.findall(text) or [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1].strip()[:_LONGEST] if lines else ""
