"""Jobs, as the API shows and takes them. What runs is in `job_process`."""

from http import HTTPStatus
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from pfa_gitops.emulator.builds import build_of
from pfa_gitops.emulator.compute_configs import compute_config_of
from pfa_gitops.emulator.envelope import bad_request, done, not_found, page_of, result
from pfa_gitops.emulator.filters import archive_matches, in_order, tags_match, within
from pfa_gitops.emulator.identity import new_id, now
from pfa_gitops.emulator.job_process import FINAL, runs_of
from pfa_gitops.emulator.projects import default_project_of, mini_project, project_of
from pfa_gitops.emulator.store import Doc
from pfa_gitops.emulator.tags import drop_tags, set_tags, tags_by_resource
from pfa_gitops.emulator.users import mini_user
from pfa_gitops.emulator.world import World, body_of, world_of

_LIMIT = 1000
_SORT_FIELDS = {"STATUS": "current_state", "STATUS_UPDATED_AT": "state_transitioned_at"}
_SHOWN = [
    "id", "name", "description", "created_at", "updated_at", "creator_id", "project_id", "cloud_id", "config",
    "last_job_run_id", "schedule_id", "archived_at", "job_queue_config",
]  # fmt: skip


def job_of(world: World, job_id: str) -> Doc:
    """The job with this id, or 404."""
    found = world.store.get("job", job_id)
    if found is None:
        raise not_found("Job", job_id)
    return found


def submit(world: World, body: Doc, schedule_id: str | None = None) -> Doc:
    """Take a job and start it. Names need not be unique."""
    config = body.get("config") or {}
    build_of(world, config.get("build_id") or "")
    compute_config = compute_config_of(world, config.get("compute_config_id") or "")
    if not config.get("entrypoint"):
        raise bad_request("a job needs an entrypoint")
    cloud_id = compute_config["config"]["cloud_id"]
    project_id = body.get("project_id") or default_project_of(world, cloud_id)["id"]
    project_of(world, project_id)
    job = _new_job(world, body, project_id=project_id, cloud_id=cloud_id, schedule_id=schedule_id)
    with world.store.together():
        world.store.insert("job", job)
        set_tags(world, "job", job["id"], body.get("tags") or {})
    world.jobs.begin(job["id"])
    return job


def _new_job(world: World, body: Doc, **values: str | None) -> Doc:
    config = body["config"]
    retries = config.get("max_retries")
    return {
        "id": new_id("prodjob"),
        "name": body.get("name") or new_id("job"),
        "description": body.get("description"),
        "config": config,
        **values,
        "creator_id": world.user["id"],
        "created_at": now(),
        "updated_at": now(),
        "archived_at": None,
        "job_queue_config": body.get("job_queue_config"),
        "max_retries": 1 if retries is None else retries,
        "timeout_s": config.get("timeout_s"),
        "current_state": "PENDING",
        "goal_state": "SUCCESS",
        "state_transitioned_at": now(),
        "transitions": ["PENDING"],
        "last_job_run_id": None,
        "error": None,
    }


def shown(world: World, job: Doc) -> Doc:
    """A job as both APIs give it."""
    return {
        **{key: job[key] for key in _SHOWN},
        "is_service": False,
        "overview_url": f"{world.settings.url}/jobs/{job['id']}",
        "status_updated_at": job["state_transitioned_at"],
        "state": _state(world, job),
    }


def _state(world: World, job: Doc) -> Doc:
    run = world.store.get("job_run", job["last_job_run_id"]) if job["last_job_run_id"] else None
    cluster_id = run["cluster_id"] if run else None
    return {
        "id": "state_" + job["id"],
        "state_transitioned_at": job["state_transitioned_at"],
        "current_state": job["current_state"],
        "goal_state": job["goal_state"],
        "error": job["error"],
        "operation_message": job.get("operation_message"),
        "cluster_id": cluster_id,
        "cluster": {"id": cluster_id, "name": job["name"]} if cluster_id else None,
    }


def decorated(world: World, job: Doc) -> Doc:
    """A job with its project and creator."""
    project = mini_project(project_of(world, job["project_id"]))
    return {**shown(world, job), "project": project, "creator": mini_user(world.user)}


async def create(request: Request) -> Response:
    """Submit a job."""
    world = world_of(request)
    return result(shown(world, submit(world, await body_of(request))))


async def get(request: Request) -> Response:
    """One job."""
    world = world_of(request)
    return result(shown(world, job_of(world, request.path_params["job_id"])))


async def get_decorated(request: Request) -> Response:
    """One job with its project and creator."""
    world = world_of(request)
    return result(decorated(world, job_of(world, request.path_params["job_id"])))


async def listing(request: Request) -> Response:
    """Jobs, the newest first; ``name`` fits any job whose name contains it."""
    world, query = world_of(request), request.query_params
    tags = tags_by_resource(world, "job")
    found = [job for job in world.store.find("job") if _fits(job, tags.get(job["id"], {}), query)]
    sort_field = query.get("sort_field")
    if sort_field:
        field = _SORT_FIELDS.get(sort_field.upper(), sort_field.lower())
        found = in_order(found, field, query.get("sort_order"))
    return page_of(request, [decorated(world, job) for job in found], _LIMIT)


def _fits(job: Doc, tags: dict[str, str], query: Any) -> bool:
    states = query.getlist("state_filter")
    exact = ("project_id", "cloud_id", "creator_id", "schedule_id")
    return (
        query.get("name", "") in job["name"]
        and all(query.get(key, job[key]) == job[key] for key in exact)
        and query.get("type_filter", "BATCH_JOB") == "BATCH_JOB"
        and (not states or job["current_state"] in states)
        and archive_matches(job, query.get("archive_status"))
        and tags_match(tags, query.getlist("tag_filter"))
        and within(job["created_at"], query.get("created_at_from"), query.get("created_at_to"))
        and within(job["updated_at"], query.get("updated_at_from"), query.get("updated_at_to"))
        and within(
            job["state_transitioned_at"],
            query.get("status_updated_at_from"),
            query.get("status_updated_at_to"),
        )
    )


async def search_runs(request: Request) -> Response:
    """The runs of several jobs, by job id, the first run first; ``max_runs_per_job`` keeps the last ones."""
    body, world = await body_of(request), world_of(request)
    most = body.get("max_runs_per_job") or _LIMIT
    found = {job_id: _runs(world, job_id, body.get("run_name"))[-most:] for job_id in body["ha_job_ids"]}
    return JSONResponse({"results": found})


def _runs(world: World, job_id: str, run_name: str | None) -> list[Doc]:
    kept = ("id", "status", "created_at", "finished_at", "ha_job_id", "cluster_id")
    named = [{**{key: run[key] for key in kept}, "name": run["run_name"]} for run in runs_of(world, job_id)]
    return [run for run in named if run_name in (None, run["name"])]


async def terminate(request: Request) -> Response:
    """Ask a job to end; a job that has ended stays as it is."""
    world = world_of(request)
    job = job_of(world, request.path_params["job_id"])
    if job["current_state"] not in FINAL:
        world.jobs.terminate(job["id"])
    return result(shown(world, job_of(world, job["id"])), HTTPStatus.ACCEPTED)


async def archive(request: Request) -> Response:
    """Archive a job that has ended."""
    world = world_of(request)
    world.store.change(_ended(world, request)["id"], archived_at=now())
    return done()


async def delete(request: Request) -> Response:
    """Remove a job that has ended, and its runs."""
    world = world_of(request)
    job = _ended(world, request)
    for run in runs_of(world, job["id"]):
        world.store.delete(run["id"])
    drop_tags(world, "job", job["id"])
    world.store.delete(job["id"])
    return done()


def _ended(world: World, request: Request) -> Doc:
    job = job_of(world, request.path_params["job_id"])
    if job["current_state"] not in FINAL:
        raise bad_request(f"Job '{job['id']}' has not ended.")
    return job


ROUTES = [
    Route("/api/v2/decorated_ha_jobs/create", create, methods=["POST"]),
    Route("/api/v2/decorated_ha_jobs/", listing, methods=["GET"]),
    Route("/api/v2/decorated_ha_jobs/job_runs/search", search_runs, methods=["POST"]),
    Route("/api/v2/decorated_ha_jobs/{job_id}", get_decorated, methods=["GET"]),
    Route("/api/v2/decorated_ha_jobs/{job_id}", delete, methods=["DELETE"]),
    Route("/api/v2/decorated_ha_jobs/{job_id}/archive", archive, methods=["POST"]),
    Route("/api/v2/decorated_ha_jobs/{job_id}/terminate", terminate, methods=["POST"]),
    Route("/ext/v0/production_jobs/{job_id}", get, methods=["GET"]),
    Route("/ext/v0/production_jobs/{job_id}/terminate", terminate, methods=["POST"]),
]
