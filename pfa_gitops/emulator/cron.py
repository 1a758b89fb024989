"""When a cron expression is due next. Pure.

Five fields (minute, hour, day of month, month, day of week; 0 and 7 are Sunday) with ``*``, lists, ranges, steps and
English names, and ``@hourly`` and the like. As in Vixie's cron, a date must fit either day field when both are
restricted.
"""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_RANGES = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))
_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_DAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]
_ALIASES = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
_SUNDAY_TOO = 7
_SEARCHED_DAYS = 366 * 8  # 29 February comes within eight years


def next_time(expression: str, timezone: str, after: datetime) -> datetime:
    """The first time after ``after`` (which knows its zone), in ``timezone``. ValueError when there is none."""
    minutes, hours, days, months, weekdays, either = _parse(expression)
    zone = _zone(timezone)
    local = after.astimezone(zone)
    for offset in range(_SEARCHED_DAYS):
        date = (local + timedelta(days=offset)).date()
        by_day, by_weekday = date.day in days, date.isoweekday() % 7 in weekdays
        if date.month not in months or not (by_day or by_weekday if either else by_day and by_weekday):
            continue
        for hour in hours:
            for minute in minutes:
                due = datetime(date.year, date.month, date.day, hour, minute, tzinfo=zone)
                if due.timestamp() > after.timestamp():
                    return due
    raise ValueError(f"'{expression}' is never due")


def _parse(expression: str) -> tuple[list[int], list[int], set[int], set[int], set[int], bool]:
    fields = _ALIASES.get(expression.strip().lower(), expression).lower().split()
    if len(fields) != len(_RANGES):
        raise ValueError(f"'{expression}' is not a cron expression of five fields")
    minutes, hours, days, months, weekdays = (
        _values(text, bounds, names)
        for text, bounds, names in zip(fields, _RANGES, ([], [], [], _MONTHS, _DAYS), strict=True)
    )
    either = not fields[2].startswith("*") and not fields[4].startswith("*")
    return sorted(minutes), sorted(hours), days, months, {day % _SUNDAY_TOO for day in weekdays}, either


def _values(text: str, bounds: tuple[int, int], names: list[str]) -> set[int]:
    values: set[int] = set()
    for part in text.split(","):
        span, _, step = part.partition("/")
        first, _, last = span.partition("-")
        low = bounds[0] if span == "*" else _number(first, bounds, names)
        open_end = span == "*" or (step and not last)
        high = bounds[1] if open_end else _number(last or first, bounds, names)
        if step and (not step.isdigit() or int(step) < 1):
            raise ValueError(f"'{part}' has no valid step")
        values.update(range(low, high + 1, int(step or 1)))
    return values


def _number(text: str, bounds: tuple[int, int], names: list[str]) -> int:
    if text in names:
        return names.index(text) + bounds[0]
    if not text.isdigit() or not bounds[0] <= int(text) <= bounds[1]:
        raise ValueError(f"'{text}' is not between {bounds[0]} and {bounds[1]}")
    return int(text)


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as problem:
        raise ValueError(f"there is no time zone '{name}'") from problem
