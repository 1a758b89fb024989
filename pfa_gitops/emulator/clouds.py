"""Clouds: read only, but for the control endpoint that adds one for a test of two clouds."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from pfa_gitops.emulator.envelope import not_found, page_of, result
from pfa_gitops.emulator.store import Doc
from pfa_gitops.emulator.world import World, body_of, world_of

_LIMIT = 1000


def default_cloud_of(world: World) -> Doc:
    """The cloud that is meant when nobody names one."""
    return next(cloud for cloud in world.store.find("cloud") if cloud["is_default"])


def cloud_of(world: World, cloud_id: str) -> Doc:
    """The cloud with this id, or 404."""
    cloud = world.store.get("cloud", cloud_id)
    if cloud is None:
        raise not_found("Cloud", cloud_id)
    return cloud


def mini_cloud(cloud: Doc) -> Doc:
    """The few fields that other objects carry of their cloud."""
    return {key: cloud[key] for key in ("id", "name", "provider")}


async def default(request: Request) -> Response:
    """The default cloud."""
    return result(default_cloud_of(world_of(request)))


async def get(request: Request) -> Response:
    """One cloud by id."""
    return result(cloud_of(world_of(request), request.path_params["cloud_id"]))


async def listing(request: Request) -> Response:
    """All clouds."""
    return page_of(request, world_of(request).store.find("cloud"), _LIMIT)


async def find_by_name(request: Request) -> Response:
    """One cloud by its exact name, or 404."""
    name = str((await body_of(request)).get("name"))
    found = world_of(request).store.find("cloud", name)
    if not found:
        raise not_found("Cloud", name)
    return result(found[0])


async def resources(request: Request) -> Response:
    """A cloud has exactly one resource, named like the cloud."""
    cloud = cloud_of(world_of(request), request.path_params["cloud_id"])
    return page_of(request, [_resource(cloud)], _LIMIT)


async def find_resource(request: Request) -> Response:
    """That one resource by name, or 404."""
    cloud = cloud_of(world_of(request), request.path_params["cloud_id"])
    name = request.query_params.get("cloud_resource_name", "")
    if name != cloud["name"]:
        raise not_found("Cloud resource", name)
    return result(_resource(cloud))


def _resource(cloud: Doc) -> Doc:
    return {
        "cloud_resource_id": "cldrsrc_" + cloud["id"].removeprefix("cld_"),
        "name": cloud["name"],
        "provider": cloud["provider"],
        "compute_stack": cloud["compute_stack"],
        "region": cloud["region"],
        "is_default": True,
    }


ROUTES = [
    Route("/ext/v0/clouds/default", default, methods=["GET"]),
    Route("/ext/v0/clouds/{cloud_id}", get, methods=["GET"]),
    Route("/api/v2/clouds/", listing, methods=["GET"]),
    Route("/api/v2/clouds/find_by_name", find_by_name, methods=["POST"]),
    Route("/api/v2/clouds/{cloud_id}/resources", resources, methods=["GET"]),
    Route("/api/v2/clouds/{cloud_id}/find_cloud_resource_by_name", find_resource, methods=["POST"]),
]
