"""How far this machine's clock is from Prefect's, so that runs are picked up by the clock that scheduled them."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from prefect.client.orchestration import PrefectClient

LEAST_S = 3.0
"""A Date header counts whole seconds, and an answer takes its time. Less than this is none."""


async def skew_s(client: "PrefectClient") -> float:
    """Seconds that Prefect's clock is ahead of ours; negative where it is behind. 0 where nobody can tell.

    Raises what the client raises.
    """
    answer = await client.request("GET", "/health")
    return skew_of(answer.headers.get("date", ""), datetime.now(UTC))


def skew_of(date: str, now: datetime) -> float:
    """The skew that a Date header tells."""
    try:
        theirs = parsedate_to_datetime(date)
    except (TypeError, ValueError):
        return 0.0
    if theirs.tzinfo is None:
        theirs = theirs.replace(tzinfo=UTC)
    ahead_s = (theirs - now).total_seconds()
    return ahead_s if abs(ahead_s) >= LEAST_S else 0.0
