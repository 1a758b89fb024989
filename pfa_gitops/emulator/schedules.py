"""Schedules: jobs that a cron expression starts. A schedule is known by its name within a project.

A firing that was due while the emulator did not run is not made up for.
"""

import asyncio
import logging
from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from pfa_gitops.emulator.builds import build_of
from pfa_gitops.emulator.clouds import cloud_of, mini_cloud
from pfa_gitops.emulator.compute_configs import compute_config_of
from pfa_gitops.emulator.cron import next_time
from pfa_gitops.emulator.envelope import ApiError, bad_request, done, not_found, page_of, result
from pfa_gitops.emulator.filters import in_order
from pfa_gitops.emulator.identity import new_id, now
from pfa_gitops.emulator.images import mini_build
from pfa_gitops.emulator.job_process import FINAL
from pfa_gitops.emulator.jobs import shown as shown_job
from pfa_gitops.emulator.jobs import submit
from pfa_gitops.emulator.projects import default_project_of, mini_project, project_of
from pfa_gitops.emulator.store import Doc
from pfa_gitops.emulator.users import mini_user
from pfa_gitops.emulator.world import World, body_of, world_of

_LIMIT = 50
_SHOWN_EXECUTIONS = 10
_TICK_S = 0.5
_log = logging.getLogger(__name__)


class Clock:
    """Fires the schedules that are due."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin; what was due before is skipped."""
        for found in self._world.store.find("schedule"):
            self._world.store.save(_planned(found))
        self._task = asyncio.create_task(self._run())

    async def close(self) -> None:
        """Stop."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(_TICK_S)
            for found in self._world.store.find("schedule"):
                if found["next_trigger_at"] and datetime.fromisoformat(found["next_trigger_at"]) <= _now():
                    self._fire(found)

    def _fire(self, found: Doc) -> None:
        self._world.store.save(_planned(found))
        try:
            fire(self._world, found)
        except ApiError:
            _log.exception("schedule %s could not start its job", found["name"])


def fire(world: World, found: Doc) -> Doc:
    """Start a schedule's job now."""
    name = f"{found['name']}-{_now():%Y%m%d-%H%M%S-%f}"
    body = {**found["job"], "name": name, "project_id": found["project_id"], "tags": found["job_tags"]}
    return submit(world, body, schedule_id=found["id"])


def _now() -> datetime:
    return datetime.now(UTC)


def _planned(found: Doc) -> Doc:
    """The schedule with its next time, none when it is paused."""
    schedule = found["schedule"]
    due = None
    if not found["is_paused"]:
        due = next_time(schedule["cron_expression"], schedule.get("timezone") or "UTC", _now())
    return {**found, "next_trigger_at": due.astimezone(UTC).isoformat() if due else None}


def schedule_of(world: World, request: Request) -> Doc:
    """The schedule that the path names, or 404."""
    schedule_id = request.path_params["schedule_id"]
    found = world.store.get("schedule", schedule_id)
    if found is None:
        raise not_found("Schedule", schedule_id)
    return found


def _jobs_of(world: World, found: Doc) -> list[Doc]:
    return [job for job in world.store.find("job") if job["schedule_id"] == found["id"]]


def shown(world: World, found: Doc) -> Doc:
    """A schedule with all it refers to, so that the SDK asks nothing more."""
    config = found["job"]["config"]
    compute_config = compute_config_of(world, config["compute_config_id"])
    started = _jobs_of(world, found)[:_SHOWN_EXECUTIONS]
    return {
        **{key: value for key, value in found.items() if key not in ("job", "is_paused")},
        "config": config,
        "job_queue_config": found["job"].get("job_queue_config"),
        "project": mini_project(project_of(world, found["project_id"])),
        "creator": mini_user(world.user),
        "cloud": mini_cloud(cloud_of(world, found["cloud_id"])),
        "build": mini_build(world, build_of(world, config["build_id"])),
        "compute_template": {**compute_config, "full_config": compute_config["config"]},
        "last_executions": [
            {key: job[key] for key in ("id", "name", "current_state", "created_at")} for job in started
        ],
    }


async def upsert(request: Request) -> Response:
    """A new schedule, or new contents for the one of that name and project."""
    body, world = await body_of(request), world_of(request)
    config = body.get("config") or {}
    compute_config = compute_config_of(world, config.get("compute_config_id") or "")
    build_of(world, config.get("build_id") or "")
    cloud_id = compute_config["config"]["cloud_id"]
    project_id = body.get("project_id") or default_project_of(world, cloud_id)["id"]
    project_of(world, project_id)
    contents = _contents(body, config, cloud_id, project_id)
    known = [item for item in world.store.find("schedule", contents["name"]) if item["project_id"] == project_id]
    if known:
        return result(shown(world, world.store.save(_checked({**known[0], **contents}))))
    blank = {"id": new_id("cronjob"), "created_at": now(), "creator_id": world.user["id"], "is_paused": False}
    return result(shown(world, world.store.insert("schedule", _checked({**blank, **contents}))))


def _contents(body: Doc, config: Doc, cloud_id: str, project_id: str) -> Doc:
    return {
        "name": body.get("name") or new_id("schedule"),
        "description": body.get("description"),
        "project_id": project_id,
        "cloud_id": cloud_id,
        "schedule": body.get("schedule") or {},
        "job": {"config": config, "job_queue_config": body.get("job_queue_config")},
        "job_tags": body.get("job_tags") or {},
        "tags": body.get("tags") or {},
        "updated_at": now(),
    }


def _checked(found: Doc) -> Doc:
    try:
        return _planned(found)
    except (KeyError, ValueError) as problem:
        raise bad_request(f"Invalid schedule: {problem}") from problem


async def listing(request: Request) -> Response:
    """Schedules; ``name`` fits any whose name contains it."""
    world, query = world_of(request), request.query_params
    found = [item for item in world.store.find("schedule") if _fits(item, query)]
    if query.get("sort_field"):
        found = in_order(found, query["sort_field"].lower(), query.get("sort_order"))
    return page_of(request, [shown(world, item) for item in found], _LIMIT)


def _fits(item: Doc, query: Any) -> bool:
    exact = ("project_id", "cloud_id", "creator_id")
    return query.get("name", "") in item["name"] and all(query.get(key, item[key]) == item[key] for key in exact)


async def get(request: Request) -> Response:
    """One schedule."""
    world = world_of(request)
    return result(shown(world, schedule_of(world, request)))


async def pause(request: Request) -> Response:
    """Pause or go on."""
    body, world = await body_of(request), world_of(request)
    found = {**schedule_of(world, request), "is_paused": bool(body.get("is_paused")), "updated_at": now()}
    return result(shown(world, world.store.save(_planned(found))))


async def trigger(request: Request) -> Response:
    """Start the job now; works for a paused schedule too."""
    world = world_of(request)
    return result(shown_job(world, fire(world, schedule_of(world, request))))


async def delete(request: Request) -> Response:
    """Remove a schedule none of whose jobs is running."""
    world = world_of(request)
    found = schedule_of(world, request)
    if any(job["current_state"] not in FINAL for job in _jobs_of(world, found)):
        raise bad_request(f"Schedule '{found['name']}' has active jobs.")
    world.store.delete(found["id"])
    return done()


ROUTES = [
    Route("/api/v2/experimental_cron_jobs/", upsert, methods=["PUT"]),
    Route("/api/v2/experimental_cron_jobs/", listing, methods=["GET"]),
    Route("/api/v2/experimental_cron_jobs/{schedule_id}", get, methods=["GET"]),
    Route("/api/v2/experimental_cron_jobs/{schedule_id}", delete, methods=["DELETE"]),
    Route("/api/v2/experimental_cron_jobs/{schedule_id}/pause", pause, methods=["POST"]),
    Route("/api/v2/experimental_cron_jobs/{schedule_id}/trigger", trigger, methods=["POST"]),
]
