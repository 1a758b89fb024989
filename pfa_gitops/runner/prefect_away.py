"""Prefect is away for a moment: which failures pass, and how to wait for the end of them."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import httpx
from prefect.logging.loggers import get_logger

from pfa_gitops.platforms.backoff import wait_before
from pfa_gitops.platforms.statuses import RETRIED

T = TypeVar("T")

_FIRST_WAIT_S, _LONGEST_WAIT_S = 1.0, 30.0
_LASTING = (httpx.UnsupportedProtocol, httpx.LocalProtocolError)


def passes(error: Exception) -> bool:
    """Whether the same request may go well later. A request that cannot be sent at all never does."""
    if isinstance(error, httpx.HTTPStatusError):
        return error.response.status_code in RETRIED
    return isinstance(error, httpx.TransportError) and not isinstance(error, _LASTING)


async def patiently(ask: Callable[[], Awaitable[T]]) -> T:
    """Ask until Prefect answers. What it refuses is raised. Its client has tried for a minute before each wait."""
    attempt = 0
    while True:
        try:
            return await ask()
        except httpx.HTTPError as error:
            if not passes(error):
                raise
            attempt += 1
            get_logger("workers").warning("Prefect does not answer now: %s", type(error).__name__)
            await asyncio.sleep(wait_before(attempt, _FIRST_WAIT_S, _LONGEST_WAIT_S))
