"""Writes whose answer may get lost: look before sending again. No I/O but what it is given to call."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from pfa_gitops.model.errors import Conflict, CutOff, MaybeArrived

FoundT = TypeVar("FoundT")

SENDS = 3
"""How often a write is sent at most, whose answer was lost and which left nothing behind."""


async def send(write: Callable[[], Awaitable[FoundT]], look: Callable[[], Awaitable[FoundT | None]]) -> FoundT:
    """Send until an answer comes, or `look` finds after a lost one what the write left behind. Raises MaybeArrived.

    A platform may show late what it took, so that the next try meets a Conflict: then `look` counts once more. What was
    cut off is never sent again, since the first one may still arrive.
    """
    lost = False
    for sends_left in reversed(range(SENDS)):
        try:
            return await write()
        except (MaybeArrived, Conflict) as error:
            sent = lost or isinstance(error, MaybeArrived)
            if sent and (found := await look()) is not None:
                return found
            if isinstance(error, Conflict | CutOff) or not sends_left:
                raise
            lost = True
    raise AssertionError("the last try returns or raises")
