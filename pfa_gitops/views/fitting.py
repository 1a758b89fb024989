"""Chooses which parts of a report fit into a number of characters. Pure."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from pfa_gitops.views.markdown_text import characters

SHORTEST_DETAILS = 60
"""No details are shorter: with less room left, none are made, which costs time in a plan of thousands."""


@dataclass(frozen=True)
class Entry:
    """One object in a report."""

    line: str
    """One line that says what happens to it."""
    details: Callable[[], str] | None = None
    """Makes the line and what can be folded away below it; None where there is no more to say."""


class Fitted(NamedTuple):
    """What of the entries there is room for."""

    texts: list[str | None]
    """One per entry: with details, as a line, or None where not even that fits."""
    folded: int
    """Entries whose details are left out."""
    left: int
    """Characters that are left over."""

    @property
    def dropped(self) -> int:
        """Entries that are left out."""
        return self.texts.count(None)


def fit(entries: Sequence[Entry], room: int) -> Fitted:
    """Give room to the lines of all entries first, then to details, in the order of the entries."""
    texts: list[str | None] = []
    for entry in entries:
        cost = characters(entry.line) + 2
        room -= cost if (fits := cost <= room) else 0
        texts.append(entry.line if fits else None)
        if not fits:
            texts += [None] * (len(entries) - len(texts))
            break
    folded = 0
    for index, entry in enumerate(entries):
        if entry.details is None or texts[index] is None:
            continue
        longer = entry.details() if room >= SHORTEST_DETAILS else None
        cost = characters(longer) - characters(entry.line) if longer is not None else room + 1
        if cost > room:
            folded += 1
            continue
        texts[index], room = longer, room - cost
    return Fitted(texts, folded, room)


def first_that_fit(texts: Sequence[str], room: int) -> Iterator[str]:
    """The texts from the first one on, as long as there is room for each and a line break."""
    for text in texts:
        room -= characters(text) + 1
        if room < 0:
            return
        yield text
