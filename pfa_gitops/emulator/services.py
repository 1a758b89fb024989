"""Services, as the API shows and takes them. What runs is in `service_process`. Deploying is in `deploy`."""

from http import HTTPStatus
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from pfa_gitops.emulator.envelope import bad_request, done, not_found, page_of, result
from pfa_gitops.emulator.filters import archive_matches, in_order, tags_match
from pfa_gitops.emulator.identity import now
from pfa_gitops.emulator.service_process import versions_of
from pfa_gitops.emulator.store import Doc
from pfa_gitops.emulator.tags import drop_tags, tags_by_resource
from pfa_gitops.emulator.users import mini_user
from pfa_gitops.emulator.world import World, world_of

_LIMIT = 50
_SORT_FIELDS = {"STATUS": "current_state"}
_SHOWN = [
    "id", "name", "description", "project_id", "cloud_id", "creator_id", "created_at",
    "ended_at", "archived_at", "current_state", "goal_state", "auth_token", "error_message",
]  # fmt: skip
_SHOWN_VERSION = [
    "id", "created_at", "weight", "current_weight", "version", "ray_serve_config",
    "build_id", "compute_config_id", "current_state",
    "ray_gcs_external_storage_config", "tracing_config", "connection_ids",
]  # fmt: skip


def service_of(world: World, request: Request) -> Doc:
    """The service that the path names, or 404."""
    service_id = request.path_params["service_id"]
    found = world.store.get("service", service_id)
    if found is None:
        raise not_found("Service", service_id)
    return found


def shown(world: World, service: Doc) -> Doc:
    """A service with the versions that are live, in the shape of both the listing and the single get."""
    primary = _shown_version(world.store.get("service_version", service["primary"]) or {})
    found = world.store.get("service_version", service["canary"]) if service["canary"] else None
    canary = _shown_version(found) if found else None
    host = f"127.0.0.1:{service['port']}"
    return {
        **{key: service[key] for key in _SHOWN},
        "hostname": host,
        "base_url": f"http://{host}",
        "auto_rollout_enabled": True,
        "is_multi_version": False,
        "type": "V2",
        "primary_version": primary,
        "canary_version": canary,
        "versions": [primary, *([canary] if canary else [])],
        "service_observability_urls": {},
        "creator": mini_user(world.user),
    }


def _shown_version(version: Doc) -> Doc:
    return {
        **{key: version[key] for key in _SHOWN_VERSION},
        "target_weight": version["weight"],
        "production_job_ids": [],
    }


def moved(world: World, service: Doc, state: str) -> Doc:
    """Save a service in another state."""
    passed = [*service["transitions"], state]
    return world.store.save({**service, "current_state": state, "transitions": passed})


async def get(request: Request) -> Response:
    """One service."""
    world = world_of(request)
    return result(shown(world, service_of(world, request)))


async def versions(request: Request) -> Response:
    """All versions there ever were, the newest first."""
    world = world_of(request)
    found = versions_of(world, service_of(world, request)["id"])
    return page_of(request, [_shown_version(version) for version in found], _LIMIT)


async def listing(request: Request) -> Response:
    """Services, the newest first; ``name`` fits any whose name contains it."""
    world, query = world_of(request), request.query_params
    tags = tags_by_resource(world, "service")
    found = [item for item in world.store.find("service") if _fits(item, tags.get(item["id"], {}), query)]
    sort_field = query.get("sort_field")
    if sort_field:
        field = _SORT_FIELDS.get(sort_field.upper(), sort_field.lower())
        found = in_order(found, field, query.get("sort_order"))
    return page_of(request, [shown(world, item) for item in found], _LIMIT)


def _fits(service: Doc, tags: dict[str, str], query: Any) -> bool:
    states = query.getlist("state_filter")
    exact = ("project_id", "cloud_id", "creator_id")
    return (
        query.get("name", "") in service["name"]
        and all(query.get(key, service[key]) == service[key] for key in exact)
        and (not states or service["current_state"] in states)
        and archive_matches(service, query.get("archive_status"))
        and tags_match(tags, query.getlist("tag_filter"))
    )


async def terminate(request: Request) -> Response:
    """Stop all of a service; one that is terminated stays as it is."""
    world = world_of(request)
    service = service_of(world, request)
    if service["current_state"] != "TERMINATED":
        service = moved(world, {**service, "goal_state": "TERMINATED"}, "TERMINATING")
        world.services.begin(service["id"])
    return result(shown(world, service), HTTPStatus.ACCEPTED)


async def rollback(request: Request) -> Response:
    """Give up the rollout under way."""
    world = world_of(request)
    service = service_of(world, request)
    if service["canary"] is None:
        raise bad_request(f"Service '{service['name']}' has no rollout to roll back.")
    return result(shown(world, moved(world, {**service, "canary": None}, "ROLLING_BACK")))


async def archive(request: Request) -> Response:
    """Archive a service that is terminated; its name is free again."""
    world = world_of(request)
    world.store.change(_terminated(world, request)["id"], archived_at=now())
    return done()


async def delete(request: Request) -> Response:
    """Remove a service that is terminated, and its versions."""
    world = world_of(request)
    service = _terminated(world, request)
    for version in versions_of(world, service["id"]):
        world.store.delete(version["id"])
    drop_tags(world, "service", service["id"])
    world.store.delete(service["id"])
    return done()


def _terminated(world: World, request: Request) -> Doc:
    service = service_of(world, request)
    if service["current_state"] != "TERMINATED":
        raise bad_request(f"Service '{service['name']}' is not terminated.")
    return service


ROUTES = [
    Route("/api/v2/services-v2/", listing, methods=["GET"]),
    Route("/api/v2/services-v2/{service_id}", get, methods=["GET"]),
    Route("/api/v2/services-v2/{service_id}", delete, methods=["DELETE"]),
    Route("/api/v2/services-v2/{service_id}/versions", versions, methods=["GET"]),
    Route("/api/v2/services-v2/{service_id}/terminate", terminate, methods=["POST"]),
    Route("/api/v2/services-v2/{service_id}/rollback", rollback, methods=["POST"]),
    Route("/api/v2/services-v2/{service_id}/archive", archive, methods=["POST"]),
]
