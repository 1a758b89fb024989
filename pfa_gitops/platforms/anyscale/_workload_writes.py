"""The image of a workload on its way into one of the SDK's configs."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from pfa_gitops.platforms.anyscale._builds import build
from pfa_gitops.platforms.anyscale._client import BUILD_SECONDS, AnyscaleClient
from pfa_gitops.platforms.anyscale._image_names import ANYSCALES
from pfa_gitops.platforms.anyscale._workload_image import image_uri
from pfa_gitops.platforms.anyscale._workload_spec import WorkloadFields

if TYPE_CHECKING:
    import anyscale


async def image_document(client: AnyscaleClient, spec: WorkloadFields) -> dict[str, str]:
    """The fields of the image but for a containerfile, which must be a file when the SDK is called."""
    uri = await image_uri(client, spec)
    document = {} if uri is None else {"image_uri": uri}
    if spec.containerfile is not None or (uri and not uri.startswith(ANYSCALES)):
        document |= {"ray_version": spec.ray_version} if spec.ray_version else {}
        document |= {"registry_login_secret": spec.registry_login_secret} if spec.registry_login_secret else {}
    return document


@contextmanager
def containerfile_of(spec: WorkloadFields) -> Iterator[dict[str, str]]:
    """The field of a containerfile, whose text lies in a file meanwhile: the SDK takes its path."""
    if spec.containerfile is None:
        yield {}
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "Containerfile")
        path.write_text(spec.containerfile)
        yield {"containerfile": str(path)}


async def sent_with_image(
    client: AnyscaleClient,
    spec: WorkloadFields,
    image: str,
    write: "Callable[[anyscale.Anyscale], str]",
    seconds: float,
) -> str:
    """Send a write of a workload. That builds its containerfile, if it has one, as an image called `image`."""
    if spec.containerfile is None:
        return await client.sdk.call(write, write=True, timeout_s=seconds)
    return await build(
        client, image, spec.containerfile, lambda: client.sdk.call(write, write=True, timeout_s=BUILD_SECONDS)
    )
