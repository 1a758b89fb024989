"""Images (on the wire: cluster environments and application templates). Their builds are in `builds`."""

import re
from datetime import UTC, datetime, timedelta

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from pfa_gitops.emulator.envelope import bad_request, conflict, done, not_found, page_for, page_of, result
from pfa_gitops.emulator.filters import text_matches
from pfa_gitops.emulator.identity import new_id, now
from pfa_gitops.emulator.store import Doc
from pfa_gitops.emulator.users import mini_user
from pfa_gitops.emulator.world import World, body_of, world_of

_LIMIT = 1000
_SLEEPS = re.compile(r"^\s*RUN\s+sleep\s+(\d+(?:\.\d+)?)\s*$", re.MULTILINE | re.IGNORECASE)
_DEFAULT_PREFIX = "DEFAULT_APP_CONFIG_ID"  # the SDK knows default images by an id that starts so


def image_of(world: World, image_id: str) -> Doc:
    """The image with this id, or 404."""
    found = world.store.get("image", image_id)
    if found is None:
        raise not_found("Image", image_id)
    return found


def image_named(world: World, name: str, *, anonymous: bool = False) -> Doc:
    """The image of that name, made when there is none."""
    found = world.store.find("image", name)
    return found[0] if found else add_image(world, new_id("apt"), name, anonymous=anonymous)


def default_image(world: World, name: str) -> Doc:
    """One of Anyscale's own images, such as ``anyscale/ray:2.44.1-slim-py311``."""
    image_id = _DEFAULT_PREFIX + "_" + "".join(letter if letter.isalnum() else "_" for letter in name)
    return world.store.get("image", image_id) or add_image(world, image_id, name, is_default=True)


def add_image(world: World, image_id: str, name: str, *, anonymous: bool = False, is_default: bool = False) -> Doc:
    """A new image without builds."""
    return world.store.insert(
        "image",
        {
            "id": image_id,
            "name": name,
            "organization_id": "org_local",
            "creator_id": world.user["id"],
            "created_at": now(),
            "last_modified_at": now(),
            "anonymous": anonymous,
            "is_default": is_default,
            "archived_at": None,
        },
    )


def builds_of(world: World, image_id: str) -> list[Doc]:
    """An image's builds as they stand now, the newest first."""
    return [as_of_now(item) for item in world.store.find("build") if item["cluster_environment_id"] == image_id]


def as_of_now(build: Doc) -> Doc:
    """A stored build tells its end. This is how far it is: ``in_progress`` while its containerfile sleeps."""
    slept = sum(float(seconds) for seconds in _SLEEPS.findall(build["containerfile"] or ""))
    if datetime.now(UTC) >= datetime.fromisoformat(build["created_at"]) + timedelta(seconds=slept):
        return build
    return {**build, "status": "in_progress", "error_message": None, "digest": None}


def _mini_build(image: Doc, build: Doc) -> Doc:
    return {
        "id": build["id"],
        "revision": build["revision"],
        "status": build["status"],
        "application_template_name": image["name"],
        "application_template_id": image["id"],
        "docker_image_name": build["docker_image_name"],
    }


def mini_build(world: World, build: Doc) -> Doc:
    """The few fields that other objects carry of a build."""
    return _mini_build(image_of(world, build["cluster_environment_id"]), build)


def _template(world: World, image: Doc) -> Doc:
    builds = builds_of(world, image["id"])
    latest = _mini_build(image, builds[0]) if builds else None
    return {**image, "creator": mini_user(world.user), "latest_build": latest}


async def search(request: Request) -> Response:
    """Images by name."""
    body, world = await body_of(request), world_of(request)
    found = [
        item
        for item in world.store.find("image")
        if text_matches(body.get("name"), item["name"])
        and (body.get("include_anonymous") or not item["anonymous"])
        and (body.get("include_archived") or not item["archived_at"])
    ]
    return page_for(body, found, _LIMIT)


async def create(request: Request) -> Response:
    """A new image without builds; 409 when the name is taken."""
    body, world = await body_of(request), world_of(request)
    name = body.get("name")
    if not name:
        raise bad_request("an image needs a name")
    if world.store.find("image", name):
        raise conflict(f"Image '{name}' already exists.")
    return result(add_image(world, new_id("apt"), name, anonymous=bool(body.get("anonymous"))))


async def get(request: Request) -> Response:
    """One image."""
    return result(image_of(world_of(request), request.path_params["image_id"]))


async def templates(request: Request) -> Response:
    """Images with creator and latest build, anonymous ones too: the SDK leaves those out itself."""
    query, world = request.query_params, world_of(request)
    found = [
        item
        for item in world.store.find("image")
        if query.get("name_contains", "") in item["name"]
        and query.get("creator_id", item["creator_id"]) == item["creator_id"]
        and (query.get("include_archived") == "true" or not item["archived_at"])
    ]
    return page_of(request, [_template(world, item) for item in found], _LIMIT)


async def template(request: Request) -> Response:
    """One image with creator and latest build."""
    world = world_of(request)
    return result(_template(world, image_of(world, request.path_params["image_id"])))


async def archive(request: Request) -> Response:
    """Archive an image."""
    world = world_of(request)
    world.store.save({**image_of(world, request.path_params["image_id"]), "archived_at": now()})
    return done()


ROUTES = [
    Route("/ext/v0/cluster_environments/search", search, methods=["POST"]),
    Route("/ext/v0/cluster_environments/", create, methods=["POST"]),
    Route("/ext/v0/cluster_environments/{image_id}", get, methods=["GET"]),
    Route("/api/v2/application_templates/", templates, methods=["GET"]),
    Route("/api/v2/application_templates/{image_id}", template, methods=["GET"]),
    Route("/api/v2/application_templates/{image_id}/archive", archive, methods=["POST"]),
]
