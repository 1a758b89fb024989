"""Updates whose answer may get lost: whether they arrived is told by what is live. Reads by the kinds."""

from collections.abc import Awaitable, Callable, Collection, Iterable
from typing import Any, TypeVar

from pfa_gitops.model.errors import Unavailable
from pfa_gitops.model.values import Manifest
from pfa_gitops.platforms import lost_replies
from pfa_gitops.platforms.anyscale._answers import ComputeTemplate, Image
from pfa_gitops.platforms.anyscale._client import AnyscaleClient
from pfa_gitops.platforms.base import Kind
from pfa_gitops.platforms.overlaid import overlaid

NamedT = TypeVar("NamedT", ComputeTemplate, Image)


async def send(write: Callable[[], Awaitable[object]], arrived: Callable[[], Awaitable[bool]]) -> None:
    """Send until an answer comes, or `arrived` says after a lost one that it is done. Raises MaybeArrived."""

    async def look() -> object:
        return await arrived() or None

    await lost_replies.send(write, look)


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


def written(found: Iterable[NamedT], name: str) -> NamedT:
    """What a write of that name made, among what a search found after it. Raises Unavailable where it is not there."""
    for one in found:
        if one.name == name:
            return one
    raise Unavailable(f"Anyscale took {name} and does not list it", "plan again: the plan says whether it is there")
