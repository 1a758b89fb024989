"""Deploying a service: the apply call, for a new service, a rollout, a new weight or an update in place.

Where the real backend is unknown: a deploy while another rollout is under way is refused (409), unless the new
version of that rollout failed; a deploy on a service that serves nothing replaces its version without a rollout;
tags of a deploy are added to those that are there.
"""

import asyncio
import secrets
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from pfa_gitops.emulator.builds import build_of
from pfa_gitops.emulator.compute_configs import compute_config_of
from pfa_gitops.emulator.envelope import ApiError, bad_request, conflict, result
from pfa_gitops.emulator.identity import new_id, now
from pfa_gitops.emulator.projects import default_project_of, project_of
from pfa_gitops.emulator.services import moved, shown
from pfa_gitops.emulator.store import Doc
from pfa_gitops.emulator.tags import set_tags
from pfa_gitops.emulator.traffic import free_port
from pfa_gitops.emulator.version_process import write_config
from pfa_gitops.emulator.world import World, body_of, world_of

_NAME_LENGTH = 8  # a version without a name is called after its id's last characters, as the SDK does
_ALL = 100


async def apply(request: Request) -> Response:
    """Deploy: a new service, a new version of one by rollout, or new contents of its version in place."""
    body, world = await body_of(request), world_of(request)
    if not body.get("name"):
        raise bad_request("a service needs a name")
    if not (body.get("ray_serve_config") or {}).get("applications"):
        raise bad_request("ray_serve_config needs applications")
    build_of(world, body.get("build_id") or "")
    cloud_id = compute_config_of(world, body.get("compute_config_id") or "")["config"]["cloud_id"]
    project_id = body.get("project_id") or default_project_of(world, cloud_id)["id"]
    project_of(world, project_id)
    service = _known(world, body["name"], project_id, cloud_id)
    if service is None:
        service = _create(world, body, project_id, cloud_id)
    elif body.get("rollout_strategy") == "IN_PLACE":
        service = await _update_in_place(world, service, body)
    else:
        service = _redeploy(world, service, body)
    set_tags(world, "service", service["id"], body.get("tags") or {})
    world.services.begin(service["id"])
    return result(shown(world, service))


def _known(world: World, name: str, project_id: str, cloud_id: str) -> Doc | None:
    for found in world.store.find("service", name):
        if (found["project_id"], found["cloud_id"], found["archived_at"]) == (project_id, cloud_id, None):
            return found
    return None


def _create(world: World, body: Doc, project_id: str, cloud_id: str) -> Doc:
    service_id = new_id("service2")
    service = {
        "id": service_id,
        "name": body["name"],
        "description": body.get("description"),
        "project_id": project_id,
        "cloud_id": cloud_id,
        "creator_id": world.user["id"],
        "created_at": now(),
        "ended_at": None,
        "archived_at": None,
        "current_state": "STARTING",
        "goal_state": "RUNNING",
        "transitions": ["STARTING"],
        "auth_token": _token(body, None),
        "error_message": None,
        "primary": _new_version(world, service_id, body),
        "canary": None,
        "canary_percent": None,
        "port": free_port(),
    }
    return world.store.insert("service", service)


def _token(body: Doc, known: str | None) -> str | None:
    access = (body.get("config") or {}).get("access") or {}
    if "use_bearer_token" not in access:
        return known
    return (known or secrets.token_urlsafe(24)) if access["use_bearer_token"] else None


def _new_version(world: World, service_id: str, body: Doc) -> str:
    version_id = new_id("sver")
    world.store.insert(
        "service_version",
        {
            "id": version_id,
            "name": service_id,
            "created_at": now(),
            "weight": 0,
            "current_weight": 0,
            "current_state": "STARTING",
            "error_message": None,
            "generation": 1,
            "ran_generation": None,
            "starts": 0,
            "pid": None,
            "started": None,
            "port": None,
            **_contents(body, version_id),
        },
    )
    return version_id


def _contents(body: Doc, version_id: str) -> Doc:
    return {
        "version": body.get("version") or version_id[-_NAME_LENGTH:],
        "ray_serve_config": body["ray_serve_config"],
        "build_id": body["build_id"],
        "compute_config_id": body["compute_config_id"],
        "ray_gcs_external_storage_config": body.get("ray_gcs_external_storage_config"),
        "tracing_config": body.get("tracing_config"),
        "connection_ids": body.get("connection_ids"),
    }


def _redeploy(world: World, service: Doc, body: Doc) -> Doc:
    state = service["current_state"]
    if state == "TERMINATING":
        raise conflict(f"Service '{service['name']}' is terminating.")
    service = {**service, "auth_token": _token(body, service["auth_token"])}
    if state in ("TERMINATED", "STARTING", "SYSTEM_FAILURE"):
        version = _new_version(world, service["id"], body)
        values = {"goal_state": "RUNNING", "ended_at": None, "primary": version, "canary": None}
        return moved(world, {**service, **values}, "STARTING")
    percent = _ALL if body.get("canary_percent") is None else body["canary_percent"]
    if service["canary"] is not None and not _replaceable(world, service, body):
        return world.store.save({**service, "canary_percent": percent})
    canary = _new_version(world, service["id"], body)
    return moved(world, {**service, "canary": canary, "canary_percent": percent}, "ROLLING_OUT")


def _replaceable(world: World, service: Doc, body: Doc) -> bool:
    """Whether a rollout under way gives way: yes if it failed; no if only its weight changes; else 409."""
    canary = world.store.get("service_version", service["canary"]) or {}
    if canary["current_state"] == "SYSTEM_FAILURE":
        return True
    if body.get("config") is None and body.get("version") == canary["version"]:
        return False
    raise conflict(f"A rollout of service '{service['name']}' is in progress.")


async def _update_in_place(world: World, service: Doc, body: Doc) -> Doc:
    if service["current_state"] in ("TERMINATING", "TERMINATED"):
        raise bad_request(f"Service '{service['name']}' is terminated.")
    if service["canary"] is not None:
        raise conflict(f"A rollout of service '{service['name']}' is in progress.")
    async with world.config_locks[service["primary"]]:
        await _update_version(world, service["primary"], body)
    # Read again: its state may have moved while the config was written.
    service = world.store.get("service", service["id"]) or service
    if service["goal_state"] == "TERMINATED":
        raise bad_request(f"Service '{service['name']}' is terminated.")
    return moved(world, {**service, "auth_token": _token(body, service["auth_token"])}, "UPDATING")


async def _update_version(world: World, version_id: str, body: Doc) -> None:
    version = world.store.get("service_version", version_id) or {}
    updated = {**version, **_contents(body, version["id"]), "generation": version["generation"] + 1}
    try:
        await asyncio.to_thread(write_config, world, updated)
    except Exception as problem:
        raise bad_request(f"The config cannot be deployed: {problem}") from problem
    updated["current_state"] = "UPDATING"
    world.store.change(version["id"], **{key: updated[key] for key in updated if updated[key] != version[key]})


async def apply_multi_version(_request: Request) -> Response:
    """Refused in the words by which the SDK knows an organization without this feature."""
    raise ApiError(HTTPStatus.FORBIDDEN, "Multi-version services are not enabled for this organization.")


ROUTES = [
    Route("/api/v2/services-v2/apply", apply, methods=["PUT"]),
    Route("/api/v2/services-v2/apply_multi_version", apply_multi_version, methods=["PUT"]),
]
