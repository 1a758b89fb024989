"""Waits until a written object does its work. Reads only."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from pfa_gitops.model.errors import PlatformError, Unavailable
from pfa_gitops.model.values import Manifest
from pfa_gitops.platforms.base import Kind, State

POLL_SECONDS = 1.0
LONGEST_POLL_SECONDS = 10.0


async def wait_until_ready(
    kind: Kind[Any, Any],
    client: Any,
    manifest: Manifest[Any],
    *,
    timeout_seconds: float,
    tell: Callable[[str], None],
    stop: asyncio.Event,
) -> bool:
    """Return True once the object is ready, False when `stop` was set before.

    Raises PlatformError when it failed or the time is over.
    """
    message = ""
    try:
        async with asyncio.timeout(timeout_seconds):
            pause = POLL_SECONDS
            while True:
                readiness = await kind.readiness(client, manifest)
                if readiness.state is State.READY:
                    return True
                if readiness.state is State.FAILED:
                    raise PlatformError(readiness.message, "mend the cause and apply again")
                if readiness.message != message:
                    message = readiness.message
                    tell(message)
                if stop.is_set():
                    return False
                with suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), pause)
                pause = min(pause * 1.5, LONGEST_POLL_SECONDS)
    except TimeoutError:
        raise Unavailable(
            f"not ready after {timeout_seconds:.0f} s: {message}", "look at the object on its platform, apply again"
        ) from None
