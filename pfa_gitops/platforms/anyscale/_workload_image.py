"""The image of a workload: one image has several names, and the live one is told by the name that the manifest uses.

Reads only.
"""

from typing import Any

from pfa_gitops.platforms.anyscale._answers import ALIAS, Build
from pfa_gitops.platforms.anyscale._client import AnyscaleClient
from pfa_gitops.platforms.anyscale._image_names import ANYSCALES, image_with_revision, latest_revision
from pfa_gitops.platforms.anyscale._workload_spec import IMAGE_FIELDS, WorkloadFields


async def live_image(client: AnyscaleClient, build: Build, wanted: WorkloadFields) -> dict[str, Any]:
    """The image fields of a live workload. At most one of `image_uri`, `cluster_env` and `containerfile` is set."""
    told: dict[str, Any] = dict.fromkeys((*IMAGE_FIELDS, "registry_login_secret", "ray_version"))
    if wanted.containerfile is not None and build.containerfile is not None:
        same = build.containerfile == wanted.containerfile
        return told | {
            "containerfile": build.containerfile,
            "ray_version": wanted.ray_version if same else build.ray_version,
        }
    if _asks_for_default(wanted) and build.is_default:
        return told
    alias = None if build.is_default else (await client.image_by_id(build.image_id)).name
    numbered = f"{alias}:{build.revision}" if alias else None
    if wanted.cluster_env is not None and alias:
        bare = wanted.cluster_env == alias and await _is_latest(client, build)
        return told | {"cluster_env": alias if bare else numbered}
    if wanted.image_uri == f"{ALIAS}{alias}" and await _is_latest(client, build):
        return told | {"image_uri": wanted.image_uri}
    uri = _uri(build, f"{ALIAS}{numbered}" if numbered else None, wanted.image_uri)
    if uri is None or uri.startswith(ANYSCALES):
        return told | {"image_uri": uri}
    return told | {
        "image_uri": uri,
        "registry_login_secret": build.registry_login_secret,
        "ray_version": build.ray_version,
    }


def _uri(build: Build, alias: str | None, wanted: str | None) -> str | None:
    """The URI that the manifest uses, if it is one of the image's; else the one by which it was given."""
    if wanted is not None and wanted in (build.docker_image_name, alias):
        return wanted
    canonical = build.docker_image_name if build.is_byod or build.is_default else alias
    return canonical or build.docker_image_name


def _asks_for_default(wanted: WorkloadFields) -> bool:
    named = [name for name in IMAGE_FIELDS if name in wanted.model_fields_set]
    return bool(named) and all(getattr(wanted, name) is None for name in named)


async def _is_latest(client: AnyscaleClient, build: Build) -> bool:
    return build.revision == await latest_revision(client, build.image_id)


async def image_uri(client: AnyscaleClient, spec: WorkloadFields) -> str | None:
    """The URI to deploy; None for Anyscale's own image or a containerfile's."""
    uri = f"{ALIAS}{spec.cluster_env}" if spec.cluster_env else spec.image_uri
    return None if uri is None else await image_with_revision(client, uri)
