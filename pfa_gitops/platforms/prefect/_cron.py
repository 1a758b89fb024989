"""Tells whether Prefect takes a cron expression. Pure.

Prefect carries its own copy of croniter, and to reach it costs the import of all of Prefect, so the grammar is
written down here; a contract test holds the two against each other.
"""

import re
from functools import lru_cache

SHORTHANDS = frozenset({"@midnight", "@hourly", "@daily", "@weekly", "@monthly", "@yearly", "@annually"})
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
FIELDS: tuple[tuple[str, int, int, tuple[str, ...]], ...] = (
    ("minute", 0, 59, ()),
    ("hour", 0, 23, ()),
    ("day of the month", 1, 31, ()),
    ("month", 1, 12, MONTHS),
    ("day of the week", 0, 7, WEEKDAYS),
    ("second", 0, 59, ()),
    ("year", 1970, 2099, ()),
)
"""Name, lowest, highest and names of a field, in the order in which they stand. The last two may be left out."""
FEWEST = 5
DAY, WEEKDAY = 2, 4

NAMED_DAY = "|".join(WEEKDAYS)
NTH_WEEKDAY = re.compile(rf"(?:(?:(?:{NAMED_DAY})-)?(?:{NAMED_DAY})|[0-7])#[1-5]|l[0-7]")
PART = re.compile(r"(?P<low>\*|\w+)(?:-(?P<high>\w+))?(?:/(?P<step>\d+))?")


@lru_cache
def cron_flaw(text: str) -> str | None:
    """What is wrong with a cron expression, or None."""
    expression = text.lower().strip()
    if expression in SHORTHANDS:
        return None
    fields = expression.split()
    if not FEWEST <= len(fields) <= len(FIELDS):
        return f"it has {len(fields)} fields, and a cron expression has five"
    for index, field in enumerate(fields):
        for part in field.split(","):
            if not _fits(part, index, alone=part == field):
                return f"its {FIELDS[index][0]} is none"
    return None


def _fits(part: str, index: int, *, alone: bool) -> bool:
    if index in {DAY, WEEKDAY} and part == "?":
        return alone
    if index == DAY and part == "l":
        return True
    if index == WEEKDAY and NTH_WEEKDAY.fullmatch(part):
        return True
    match = PART.fullmatch(part)
    return match is not None and _range_fits(match, index)


def _range_fits(match: re.Match[str], index: int) -> bool:
    low, high, step = match["low"], match["high"], match["step"]
    if step is not None and int(step) == 0:
        return False
    if low == "*":
        return high is None
    if index == DAY and high == "l":
        high = str(FIELDS[index][2])
    return all(_number(bound, index) is not None for bound in (low, high) if bound is not None)


def _number(text: str, index: int) -> int | None:
    """The number that a bound stands for, or None where the field does not have it."""
    _, lowest, highest, names = FIELDS[index]
    if text in names:
        return names.index(text) + lowest
    number = int(text) if text.isascii() and text.isdecimal() else -1
    return number if lowest <= number <= highest else None
