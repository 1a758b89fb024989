"""What a bare image name means: the latest revision whose build succeeded. Anyscale documents `NAME:REVISION` only.

Reads only.
"""

from pfa_gitops.model.errors import NotFound
from pfa_gitops.platforms.anyscale._answers import ALIAS, SUCCEEDED
from pfa_gitops.platforms.anyscale._client import AnyscaleClient

RAY_VERSION = r"^\d+\.\d+\.\d+$"
"""How an image's Ray version is written: X.Y.Z."""
ANYSCALES = "anyscale/"
"""How the URIs of images start that Anyscale keeps: their registry needs no login, their Ray version is known."""


async def image_with_revision(client: AnyscaleClient, uri: str) -> str:
    """Return `uri`; where it is `anyscale/image/NAME`, with the latest revision. Raises NotFound."""
    if not is_bare(uri):
        return uri
    name = uri.removeprefix(ALIAS)
    image = await client.image_named(name)
    revision = await latest_revision(client, image.id) if image else None
    if revision is None:
        raise NotFound(f"there is no image {name} that was built", "declare it as an Image, or correct the name")
    return f"{uri}:{revision}"


async def latest_revision(client: AnyscaleClient, image_id: str) -> int | None:
    """The revision of the latest build that succeeded; None where none did."""
    builds = await client.builds(image_id)
    return max((build.revision for build in builds if build.status == SUCCEEDED), default=None)


def is_bare(uri: str) -> bool:
    """Whether `uri` names an image of Anyscale's without saying which revision."""
    return uri.startswith(ALIAS) and ":" not in uri
