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
GONE = JobState("GONE", finished=True, succeeded=False, reason="the job is no longer there")


async def watch(look: Look, logger: Logger, interval_s: float) -> JobState:
    """Look until the job is finished. Starts with `interval_s` between two looks and slows down to 10 s."""
    pause = interval_s
    last = ""
    while True:
        state = await _look(look, logger)
        if state is not None and state.finished:
            return state
        if state is not None and state.status != last:
            logger.info("The job is %s%s", state.status, f": {state.reason}" if state.reason else "")
            last, pause = state.status, interval_s
        await asyncio.sleep(pause)
        pause = min(pause * _GROWTH, max(_SLOWEST_S, interval_s))


async def _look(look: Look, logger: Logger) -> JobState | None:
    try:
        return await look()
    except NotFound:
        return GONE
    except PlatformError as error:
        logger.warning("The job cannot be looked at now: %s", error.message)
        return None
