"""How long to wait before a request is sent again. Both clients use it. No I/O."""

import random
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime


def wait_before(attempt: int, first_s: float, longest_s: float) -> float:
    """Seconds to wait before try number `attempt`, counted from 1. Doubles from `first_s`, with jitter."""
    longest = min(longest_s, first_s * 2.0 ** min(attempt, 10))
    return longest * random.uniform(0.5, 1.0)  # noqa: S311 - jitter is no secret


def asked_wait(headers: Mapping[str, str]) -> float | None:
    """Seconds that a Retry-After header asks for, as a number or a date; None without a legible one."""
    text = headers.get("retry-after", "")
    seconds: float | None = None
    with suppress(ValueError):
        seconds = float(text)
    if seconds is None:
        with suppress(TypeError, ValueError):
            moment = parsedate_to_datetime(text)
            aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
            seconds = (aware - datetime.now(UTC)).total_seconds()
    return max(0.0, seconds) if seconds is not None and seconds < float("inf") else None
