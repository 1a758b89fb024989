"""Long text → the beginning of it, in one line, as a message shows it. Pure."""

LONGEST = 60


def shortened(text: str) -> str:
    """At most 60 characters and `…`."""
    line = " ".join(text.split())
    return line if len(line) <= LONGEST else f"{line[:LONGEST]}…"
