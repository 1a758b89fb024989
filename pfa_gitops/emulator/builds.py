"""Builds: the versions of an image. Nothing is built: a build succeeds at once.

A containerfile without ``FROM`` is refused (400). Two lines do something, so that it can be tested: ``RUN false`` or
``RUN exit N`` makes a build that fails, and with ``RUN sleep N`` it takes N seconds and is ``in_progress`` until then.
"""

import hashlib
import re
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from pfa_gitops.emulator.envelope import bad_request, not_found, page_of, result
from pfa_gitops.emulator.identity import new_id, now
from pfa_gitops.emulator.images import as_of_now, builds_of, default_image, image_named, image_of
from pfa_gitops.emulator.store import Doc
from pfa_gitops.emulator.users import mini_user
from pfa_gitops.emulator.world import World, body_of, world_of

_LIMIT = 50
_ALIAS = "anyscale/image/"
_OWN = "anyscale/ray"  # anyscale/ray:…, anyscale/ray-ml:…, anyscale/ray-llm:…
_FAILS = re.compile(r"^\s*RUN\s+(false|exit\s+[1-9]\d*)\s*$", re.MULTILINE | re.IGNORECASE)


def build_of(world: World, build_id: str) -> Doc:
    """The build with this id, or 404."""
    found = world.store.get("build", build_id)
    if found is None:
        raise not_found("Build", build_id)
    return as_of_now(found)


def add_build(world: World, image: Doc, **values: Any) -> Doc:
    """The next revision of an image."""
    revision = 1 + max((item["revision"] for item in builds_of(world, image["id"])), default=0)
    source = values.get("containerfile") or values.get("docker_image_name") or ""
    blank = {
        "id": new_id("bld"),
        "cluster_environment_id": image["id"],
        "application_template_id": image["id"],
        "revision": revision,
        "creator_id": world.user["id"],
        "created_at": now(),
        "last_modified_at": now(),
        "status": "succeeded",
        "is_byod": False,
        "containerfile": None,
        "containerfile_path": None,
        "docker_image_name": None,
        "registry_login_secret": None,
        "ray_version": None,
        "error_message": None,
        "digest": "sha256:" + hashlib.sha256(source.encode()).hexdigest(),
    }
    return as_of_now(world.store.insert("build", {**blank, **values}))


async def get_or_create(request: Request) -> Response:
    """The build that an image URI stands for: a name of ours, one of Anyscale's own, or anybody's registry."""
    body, world = await body_of(request), world_of(request)
    uri = str(body.get("image_uri") or "").strip()
    if not uri:
        raise bad_request("image_uri is missing")
    if uri.startswith(_ALIAS):
        build = _by_alias(world, uri.removeprefix(_ALIAS))
    elif uri.startswith(_OWN) and not body.get("cluster_env_name"):
        build = _default_build(world, uri)
    else:
        build = _registered(world, uri, body)
    image = image_of(world, build["cluster_environment_id"])
    return result({**build, "application_template": image, "creator": mini_user(world.user)})


def _by_alias(world: World, alias: str) -> Doc:
    name, _, revision = alias.partition(":")
    for image in world.store.find("image", name):
        for build in builds_of(world, image["id"]):
            if revision in ("", str(build["revision"])):
                return build
    raise not_found("Image", _ALIAS + alias)


def _default_build(world: World, uri: str) -> Doc:
    image = default_image(world, uri)
    found = builds_of(world, image["id"])
    return found[0] if found else add_build(world, image, docker_image_name=uri)


def _registered(world: World, uri: str, body: Doc) -> Doc:
    """The build of an image in somebody's registry; without a name of its own, its image is an anonymous one.

    The same image registered again is the same build. Under a name only the newest revision counts: "if the name
    already exists, a new version will be built", says the SDK.
    """
    name = body.get("cluster_env_name")
    image = image_named(world, name or _anonymous_name(uri), anonymous=not name)
    values = {"docker_image_name": uri, **{key: body.get(key) for key in ("registry_login_secret", "ray_version")}}
    builds = builds_of(world, image["id"])
    candidates = builds[:1] if name else builds
    same = next((build for build in candidates if values.items() <= build.items()), None)
    return same or add_build(world, image, is_byod=True, **values)


def _anonymous_name(uri: str) -> str:
    return "byod-" + hashlib.sha256(uri.encode()).hexdigest()[:12]


async def create(request: Request) -> Response:
    """A build of a containerfile."""
    body, world = await body_of(request), world_of(request)
    image = image_of(world, body.get("cluster_environment_id") or "")
    containerfile = body.get("containerfile") or ""
    if not re.search(r"^\s*FROM\s+\S", containerfile, re.MULTILINE | re.IGNORECASE):
        raise bad_request("The containerfile has no FROM.")
    failing = _FAILS.search(containerfile)
    build = add_build(
        world,
        image,
        containerfile=containerfile,
        containerfile_path=body.get("containerfile_path"),
        ray_version=body.get("ray_version"),
        docker_image_name=f"registry.local/{image['name']}:{1 + len(builds_of(world, image['id']))}",
        status="failed" if failing else "succeeded",
        error_message=f"The command failed: {failing.group(0).strip()}" if failing else None,
    )
    completed = build["status"] != "in_progress"
    return result({"id": new_id("op"), "completed": completed, "cluster_environment_build_id": build["id"]})


async def get(request: Request) -> Response:
    """One build."""
    return result(build_of(world_of(request), request.path_params["build_id"]))


async def default(request: Request) -> Response:
    """The build that is taken when no image is named, by Python and Ray version."""
    query = request.query_params
    version, python = query.get("ray_version", "2.44.1"), query.get("python_version", "py311")
    return result(_default_build(world_of(request), f"anyscale/ray:{version}-slim-{python}"))


async def listing(request: Request) -> Response:
    """An image's builds; the newest first with ``desc=True``."""
    found = builds_of(world_of(request), request.query_params.get("cluster_environment_id", ""))
    newest_first = request.query_params.get("desc", "").lower() == "true"
    return page_of(request, found if newest_first else found[::-1], _LIMIT)


ROUTES = [
    Route("/api/v2/builds/get_or_create_build_from_image_uri", get_or_create, methods=["POST"]),
    Route("/ext/v0/cluster_environment_builds/default", default, methods=["GET"]),
    Route("/ext/v0/cluster_environment_builds/", listing, methods=["GET"]),
    Route("/ext/v0/cluster_environment_builds/", create, methods=["POST"]),
    Route("/ext/v0/cluster_environment_builds/{build_id}", get, methods=["GET"]),
]
