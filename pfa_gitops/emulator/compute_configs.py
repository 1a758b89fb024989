"""Compute configs. Every create with a name is a new version of that name; a version never changes.

Two APIs read them: ``compute_templates`` (with cloud and creator filled in) and ``cluster_computes`` (as stored).
Where the real backend is unknown: archiving takes all versions of the name, a name that is archived cannot be used
again (409), and ``cluster_computes/search`` leaves out what is archived.
"""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from pfa_gitops.emulator.clouds import cloud_of, default_cloud_of, mini_cloud
from pfa_gitops.emulator.envelope import bad_request, conflict, done, not_found, page_for, page_of, result
from pfa_gitops.emulator.filters import archive_matches, text_matches
from pfa_gitops.emulator.identity import new_id, now
from pfa_gitops.emulator.store import Doc, Store
from pfa_gitops.emulator.users import mini_user
from pfa_gitops.emulator.world import World, body_of, world_of

_LIMIT = 1000
_LATEST = -1


def compute_config_of(world: World, config_id: str) -> Doc:
    """The compute config with this id, or 404."""
    found = world.store.get("compute_config", config_id)
    if found is None:
        raise not_found("Compute config", config_id)
    return found


def decorated(world: World, found: Doc) -> Doc:
    """A compute config with its cloud and creator."""
    cloud = mini_cloud(cloud_of(world, found["config"]["cloud_id"]))
    return {**found, "config": {**found["config"], "cloud": cloud}, "creator": mini_user(world.user)}


async def create(request: Request) -> Response:
    """A new compute config, or a new version of one; without a name an anonymous one."""
    body, world = await body_of(request), world_of(request)
    config = body.get("config") or {}
    cloud_of(world, config.get("cloud_id") or "")
    if not config.get("head_node_type"):
        raise bad_request("a compute config needs a head_node_type")
    name = body.get("name")
    version = _next_version(world.store, name, config["cloud_id"], bool(body.get("new_version"))) if name else 1
    made = {
        "id": new_id("cpt"),
        "name": name or new_id("anonymous"),
        "version": version,
        "anonymous": not name,
        "creator_id": world.user["id"],
        "organization_id": "org_local",
        "project_id": body.get("project_id"),
        "created_at": now(),
        "last_modified_at": now(),
        "archived_at": None,
        "deleted_at": None,
        "config": config,
    }
    return result(world.store.insert("compute_config", made))


def _next_version(store: Store, name: str, cloud_id: str, new_version: bool) -> int:
    if ":" in name:
        raise bad_request(f"A compute config's name cannot contain ':': {name}")
    versions = _versions(store, name, cloud_id)
    if any(item["archived_at"] for item in versions):
        raise conflict(f"Compute config '{name}' is archived.")
    if versions and not new_version:
        raise conflict(f"Compute config '{name}' already exists.")
    return 1 + max((item["version"] for item in versions), default=0)


def _versions(store: Store, name: str, cloud_id: str) -> list[Doc]:
    return [item for item in store.find("compute_config", name) if item["config"]["cloud_id"] == cloud_id]


async def get(request: Request) -> Response:
    """One compute config with its cloud and creator."""
    world = world_of(request)
    return result(decorated(world, compute_config_of(world, request.path_params["config_id"])))


async def get_plain(request: Request) -> Response:
    """One compute config as stored."""
    return result(compute_config_of(world_of(request), request.path_params["config_id"]))


async def default(request: Request) -> Response:
    """The compute config that a job or service gets when it names none."""
    world = world_of(request)
    cloud_id = request.query_params.get("cloud_id") or default_cloud_of(world)["id"]
    for found in world.store.find("compute_config"):
        if found.get("is_default") and found["config"]["cloud_id"] == cloud_id:
            return result(found)
    raise not_found("Default compute config of cloud", cloud_id)


async def search(request: Request) -> Response:
    """Compute configs with cloud and creator, the newest first."""
    body, world = await body_of(request), world_of(request)
    found = [
        item
        for item in _search(world.store, body)
        if archive_matches(item, body.get("archive_status") or "NOT_ARCHIVED")
    ]
    return page_of(request, [decorated(world, item) for item in found], _LIMIT)


async def search_plain(request: Request) -> Response:
    """Compute configs as stored, the newest first unless sorted otherwise."""
    body, store = await body_of(request), world_of(request).store
    found = [item for item in _search(store, body) if not item["archived_at"]]
    for clause in reversed(body.get("sort_by_clauses") or []):
        field = str(clause.get("sort_field") or "created_at").lower()
        found.sort(key=lambda item: str(item.get(field) or ""), reverse=clause.get("sort_order") == "DESC")
    return page_for(body, found, _LIMIT)


def _search(store: Store, body: Doc) -> list[Doc]:
    found = [item for item in store.find("compute_config") if _fits(item, body)]
    version = body.get("version")
    if version == _LATEST:
        latest: dict[tuple[str, str], Doc] = {}
        for item in found:
            latest.setdefault((item["name"], item["config"]["cloud_id"]), item)
        return list(latest.values())
    return [item for item in found if version in (None, item["version"])]


def _fits(item: Doc, body: Doc) -> bool:
    return (
        text_matches(body.get("name"), item["name"])
        and (bool(body.get("include_anonymous")) or not item["anonymous"])
        and body.get("creator_id") in (None, item["creator_id"])
        and body.get("cloud_id") in (None, item["config"]["cloud_id"])
    )


async def archive(request: Request) -> Response:
    """Archive all versions of the name."""
    return _set_archived(request, now())


async def unarchive(request: Request) -> Response:
    """Bring all versions of the name back."""
    return _set_archived(request, None)


def _set_archived(request: Request, archived_at: str | None) -> Response:
    world = world_of(request)
    found = compute_config_of(world, request.path_params["config_id"])
    for item in _versions(world.store, found["name"], found["config"]["cloud_id"]):
        world.store.save({**item, "archived_at": archived_at})
    return done()


ROUTES = [
    Route("/api/v2/compute_templates/", create, methods=["POST"]),
    Route("/api/v2/compute_templates/search", search, methods=["POST"]),
    Route("/api/v2/compute_templates/{config_id}", get, methods=["GET"]),
    Route("/api/v2/compute_templates/{config_id}/archive", archive, methods=["POST"]),
    Route("/api/v2/compute_templates/{config_id}/unarchive", unarchive, methods=["POST"]),
    Route("/ext/v0/cluster_computes/default", default, methods=["GET"]),
    Route("/ext/v0/cluster_computes/search", search_plain, methods=["POST"]),
    Route("/ext/v0/cluster_computes/{config_id}", get_plain, methods=["GET"]),
]
