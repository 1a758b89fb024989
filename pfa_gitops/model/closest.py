"""Finds what the reader may have meant. Pure."""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from itertools import islice

FEW = 12
LONGEST = 60
"""Characters of a word that is compared: the time goes with the product of both lengths."""
MANY = 300
"""Words that are compared. Of more, those that begin alike: a project may have many thousand names."""


def closest(word: str, known: Iterable[str]) -> str | None:
    """The known word that is nearest to `word`, or None where nothing is near. Case does not count."""
    if len(word) > LONGEST:
        return None
    by_lower = {name.lower(): name for name in known if len(name) <= LONGEST}
    if len(by_lower) > MANY:
        alike = ((low, name) for low, name in by_lower.items() if low[:1] == word[:1].lower())
        by_lower = dict(islice(alike, MANY))
    found = get_close_matches(word.lower(), by_lower, n=1, cutoff=0.6)
    return by_lower[found[0]] if found else None


def did_you_mean(word: str, known: Iterable[str], otherwise: str = "") -> str:
    """A mend: the nearest known word, else `otherwise`, else what is known, where that is a short list."""
    names = sorted(set(known))
    if (near := closest(word, names)) is not None:
        return f"did you mean `{near}`?"
    return otherwise or listed(names) or "remove it"


def listed(names: Sequence[str]) -> str:
    """What is known, where a reader can take it in; else nothing."""
    return f"known are {', '.join(f'`{name}`' for name in names)}" if 0 < len(names) <= FEW else ""
