"""Writes whose answer may get lost: look before sending again. Reads by the kinds, sends what it is given."""

from collections.abc import Awaitable, Callable, Collection
from typing import Any

from pfa_gitops.model.errors import CutOff, MaybeArrived
from pfa_gitops.model.values import Manifest
from pfa_gitops.platforms.anyscale._client import AnyscaleClient
from pfa_gitops.platforms.base import Kind
from pfa_gitops.platforms.overlaid import overlaid

SENDS = 3
"""How often a write is sent at most, whose answer was lost and which did not arrive."""


async def send(write: Callable[[], Awaitable[object]], arrived: Callable[[], Awaitable[bool]]) -> None:
    """Send until an answer comes, or `arrived` says after a lost one that it is done. Raises MaybeArrived.

    What was cut off is never sent again, since the first one may still arrive.
    """
    for _ in range(SENDS - 1):
        try:
            await write()
        except MaybeArrived as lost:
            if await arrived():
                return
            if isinstance(lost, CutOff):
                raise
        else:
            return
    await write()


async def carries(
    kind: Kind[Any, AnyscaleClient],
    client: AnyscaleClient,
    manifest: Manifest[Any],
    apart_from: Collection[str] = (),
) -> bool:
    """Whether the live object has all that the manifest names, but for the fields in `apart_from`."""
    for live in (await kind.observe(client, [manifest])).lives:
        laid = overlaid(manifest.spec, live.spec, kind.rules)
        if laid.model_copy(update={field: getattr(live.spec, field) for field in apart_from}) == live.spec:
            return True
    return False
