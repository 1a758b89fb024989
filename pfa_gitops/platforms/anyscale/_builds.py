"""Builds of images, which take minutes: one that is under way is waited for and never begun again.

The SDK brings back a build of the same containerfile that succeeded. It does not look for one under way, and forgets
its own as soon as a question after its state fails.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from pfa_gitops.model.errors import MaybeArrived, PlatformError, Unavailable, Unreachable
from pfa_gitops.platforms.anyscale._answers import SUCCEEDED, UNDER_WAY, Build
from pfa_gitops.platforms.anyscale._client import BUILD_SECONDS, AnyscaleClient

POLL_SECONDS = 3.0
"""As the SDK polls."""

AnswerT = TypeVar("AnswerT")


async def build(
    client: AnyscaleClient, image: str, containerfile: str, call: Callable[[], Awaitable[AnswerT]]
) -> AnswerT:
    """Make a `call` of the SDK that builds `containerfile` as a revision of `image`.

    Raises MaybeArrived when the build may be under way, PlatformError when one that was begun before failed.
    """
    await _wait(client, image, containerfile)
    try:
        return await call()
    except (Unavailable, Unreachable) as error:
        raise MaybeArrived(error.message, "look whether the image is being built before building it again") from None


async def _wait(client: AnyscaleClient, image: str, containerfile: str) -> None:
    """Wait for the end of a build of `containerfile` that somebody began and whose end nobody saw."""
    begun = await _under_way(client, image, containerfile)
    if begun is None:
        return
    give_up = time.monotonic() + BUILD_SECONDS
    while (now := await client.build_by_id(begun.id)).status in UNDER_WAY:
        if time.monotonic() > give_up:
            message = f"the build {begun.id} of the image {image} is still {now.status} after {BUILD_SECONDS:.0f} s"
            raise Unavailable(message, "look at it in Anyscale's console, then apply again")
        await asyncio.sleep(POLL_SECONDS)
    if now.status != SUCCEEDED:
        reason = f": {now.error_message}" if now.error_message else ""
        raise PlatformError(f"the build {begun.id} of the image {image} has {now.status}{reason}")


async def _under_way(client: AnyscaleClient, image: str, containerfile: str) -> Build | None:
    there = await client.image_named(image)
    builds = await client.builds(there.id) if there else []
    return next((one for one in builds if one.status in UNDER_WAY and one.containerfile == containerfile), None)
