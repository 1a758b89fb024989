"""Projects. A name is unique within a cloud."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from pfa_gitops.emulator.clouds import cloud_of, default_cloud_of
from pfa_gitops.emulator.envelope import bad_request, conflict, done, not_found, page_for, page_of, result
from pfa_gitops.emulator.filters import text_matches
from pfa_gitops.emulator.seed import project
from pfa_gitops.emulator.store import Doc
from pfa_gitops.emulator.world import World, body_of, world_of

_LIMIT = 50


def project_of(world: World, project_id: str) -> Doc:
    """The project with this id, or 404."""
    found = world.store.get("project", project_id)
    if found is None:
        raise not_found("Project", project_id)
    return found


def default_project_of(world: World, cloud_id: str | None = None) -> Doc:
    """The default project of a cloud, made when the cloud has none yet."""
    cloud = cloud_of(world, cloud_id) if cloud_id else default_cloud_of(world)
    for found in world.store.find("project", "default"):
        if found["is_default"] and found["parent_cloud_id"] == cloud["id"]:
            return found
    return world.store.insert("project", project("default", cloud["id"], world.user["id"], is_default=True))


def mini_project(found: Doc) -> Doc:
    """The few fields that other objects carry of their project."""
    return {key: found[key] for key in ("id", "name", "directory_name")}


async def default(request: Request) -> Response:
    """The default project, of a cloud when one is named."""
    return result(default_project_of(world_of(request), request.query_params.get("parent_cloud_id")))


async def get(request: Request) -> Response:
    """One project by id."""
    return result(project_of(world_of(request), request.path_params["project_id"]))


async def search(request: Request) -> Response:
    """Projects by name and cloud."""
    body, store = await body_of(request), world_of(request).store
    found = [
        item
        for item in store.find("project")
        if text_matches(body.get("name"), item["name"])
        and text_matches(body.get("parent_cloud_id"), item["parent_cloud_id"])
    ]
    return page_for(body, found, _LIMIT)


async def find_by_name(request: Request) -> Response:
    """Projects with exactly this name, in every cloud."""
    return page_of(request, world_of(request).store.find("project", request.query_params["name"]), _LIMIT)


async def listing(request: Request) -> Response:
    """All projects, filtered by name parts, creator and cloud."""
    query = request.query_params
    found = [
        item
        for item in world_of(request).store.find("project")
        if query.get("name_contains", "") in item["name"]
        and query.get("name", item["name"]) == item["name"]
        and query.get("creator_id", item["creator_id"]) == item["creator_id"]
        and query.get("parent_cloud_id", item["parent_cloud_id"]) == item["parent_cloud_id"]
    ]
    return page_of(request, found, _LIMIT)


async def create(request: Request) -> Response:
    """A new project; 409 when its cloud has one of that name."""
    body, world = await body_of(request), world_of(request)
    if not body.get("name"):
        raise bad_request("a project needs a name")
    cloud_id = cloud_of(world, body.get("parent_cloud_id") or default_cloud_of(world)["id"])["id"]
    if any(item["parent_cloud_id"] == cloud_id for item in world.store.find("project", body["name"])):
        raise conflict(f"Project '{body['name']}' already exists.")
    made = project(body["name"], cloud_id, world.user["id"])
    return result(world.store.insert("project", {**made, "description": body.get("description") or ""}))


async def delete(request: Request) -> Response:
    """Remove a project; the default one stays."""
    world = world_of(request)
    found = project_of(world, request.path_params["project_id"])
    if found["is_default"]:
        raise bad_request("The default project cannot be deleted.")
    world.store.delete(found["id"])
    return done()


ROUTES = [
    Route("/ext/v0/projects/default_project", default, methods=["GET"]),
    Route("/ext/v0/projects/search", search, methods=["POST"]),
    Route("/ext/v0/projects/{project_id}", get, methods=["GET"]),
    Route("/api/v2/projects/default_project", default, methods=["GET"]),
    Route("/api/v2/projects/find_by_name", find_by_name, methods=["GET"]),
    Route("/api/v2/projects/", listing, methods=["GET"]),
    Route("/api/v2/projects/", create, methods=["POST"]),
    Route("/api/v2/projects/{project_id}", get, methods=["GET"]),
    Route("/api/v2/projects/{project_id}", delete, methods=["DELETE"]),
]
