"""Follows a job to its end. One failed look does not end the watch: the job runs on, whoever looks at it."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from pfa_gitops.model.errors import NotFound, PlatformError
from pfa_gitops.platforms.anyscale._jobs import JobState

Look = Callable[[], Awaitable[JobState]]
Logger = logging.Logger | logging.LoggerAdapter[logging.Logger]

_GROWTH = 1.25
_SLOWEST_S = 10.0
_MISSES = 3
"""A job is gone when so many looks, one after the other, do not find it: a list may lag behind a submit."""
GONE = JobState("GONE", finished=True, succeeded=False, reason="the job is no longer there")


async def watch(look: Look, logger: Logger, interval_s: float) -> JobState:
    """Look until the job is finished. Starts with `interval_s` between two looks and slows down to 10 s.

    What changes is logged: the job's status, and why it cannot be looked at.
    """
    pause, misses, last = interval_s, 0, ""
    while True:
        state, said, level = await _look(look)
        misses = misses + 1 if state is GONE else 0
        if state is not None and state.finished and misses in {0, _MISSES}:
            return state
        if said != last:
            logger.log(level, said)
            last, pause = said, interval_s
        await asyncio.sleep(pause)
        pause = min(pause * _GROWTH, max(_SLOWEST_S, interval_s))


async def _look(look: Look) -> tuple[JobState | None, str, int]:
    """The job's state where there is one to see, what to tell, and at which level."""
    try:
        state = await look()
    except NotFound:
        return GONE, "The job is not there", logging.WARNING
    except PlatformError as error:
        return None, f"The job cannot be looked at now: {error.message}", logging.WARNING
    return state, f"The job is {state.status}{f': {state.reason}' if state.reason else ''}", logging.INFO
