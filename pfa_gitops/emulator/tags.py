"""Tags of services and jobs."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from pfa_gitops.emulator.envelope import bad_request, not_found, result
from pfa_gitops.emulator.identity import new_id, now
from pfa_gitops.emulator.store import Doc
from pfa_gitops.emulator.world import World, body_of, world_of

_TAGGED = ("service", "job")


def set_tags(world: World, resource_type: str, resource_id: str, tags: dict[str, str]) -> None:
    """Add tags; a key that is there gets the new value, other keys stay."""
    known = {record["key"]: record for record in records_of(world, resource_type, resource_id)}
    for key, value in tags.items():
        if key in known:
            world.store.save({**known[key], "value": value, "updated_at": now()})
        else:
            world.store.insert("tag", _record(resource_type, resource_id, key, value))


def _record(resource_type: str, resource_id: str, key: str, value: str) -> Doc:
    return {
        "id": new_id("tag"),
        "name": f"{resource_type}/{resource_id}",
        "organization_id": "org_local",
        "resource_type": resource_type,
        "resource_id": resource_id,
        "key": key,
        "value": value,
        "created_at": now(),
        "updated_at": now(),
    }


def records_of(world: World, resource_type: str, resource_id: str) -> list[Doc]:
    """A resource's tags in the order in which they came."""
    return world.store.find("tag", f"{resource_type}/{resource_id}")[::-1]


def tags_by_resource(world: World, resource_type: str) -> dict[str, dict[str, str]]:
    """All tags of a type of resource, by resource id."""
    found: dict[str, dict[str, str]] = {}
    for record in world.store.find("tag"):
        if record["resource_type"] == resource_type:
            found.setdefault(record["resource_id"], {})[record["key"]] = record["value"]
    return found


def drop_tags(world: World, resource_type: str, resource_id: str) -> None:
    """Forget the tags of a resource that is deleted."""
    for record in records_of(world, resource_type, resource_id):
        world.store.delete(record["id"])


def _resource(world: World, resource_type: str | None, resource_id: str | None) -> tuple[str, str]:
    if resource_type not in _TAGGED or resource_type is None:
        raise bad_request(f"the emulator keeps no tags of {resource_type}")
    if not resource_id or world.store.get(resource_type, resource_id) is None:
        raise not_found(resource_type.capitalize(), str(resource_id))
    return resource_type, resource_id


async def upsert(request: Request) -> Response:
    """Add tags to a resource."""
    body, world = await body_of(request), world_of(request)
    resource = _resource(world, body.get("resource_type"), body.get("resource_id"))
    set_tags(world, *resource, body.get("tags") or {})
    return result({"tags": records_of(world, *resource)})


async def get(request: Request) -> Response:
    """A resource's tags."""
    world, query = world_of(request), request.query_params
    resource = _resource(world, query.get("resource_type"), query.get("resource_id"))
    return result({"tags": records_of(world, *resource)})


async def delete(request: Request) -> Response:
    """Take tags off a resource by key; keys that are not there do not matter."""
    body, world = await body_of(request), world_of(request)
    resource = _resource(world, body.get("resource_type"), body.get("resource_id"))
    gone = [record for record in records_of(world, *resource) if record["key"] in (body.get("keys") or [])]
    for record in gone:
        world.store.delete(record["id"])
    return result({"deleted": len(gone)})


ROUTES = [
    Route("/api/v2/tags/resource", upsert, methods=["PUT"]),
    Route("/api/v2/tags/resource", get, methods=["GET"]),
    Route("/api/v2/tags/resource", delete, methods=["DELETE"]),
]
