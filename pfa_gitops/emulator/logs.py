"""A job run's log, in chunks that the caller downloads.

What the SDK needs: everything there is in one page, a token with every page that has a chunk, and none with an empty
page. The token is the place in the file, so following goes on where it stopped, also after a restart.
"""

import asyncio
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from pfa_gitops.emulator.envelope import bad_request, not_found, result
from pfa_gitops.emulator.job_process import run_folder
from pfa_gitops.emulator.store import Doc
from pfa_gitops.emulator.world import World, world_of


def run_of(world: World, run_id: str) -> Doc:
    """The job run with this id, or 404."""
    found = world.store.get("job_run", run_id)
    if found is None:
        raise not_found("Job run", run_id)
    return found


async def job_logs(request: Request) -> Response:
    """The part of the log after the token, as one chunk, or none."""
    world = world_of(request)
    run = run_of(world, request.path_params["run_id"])
    start = _place(request.query_params.get("next_page_token"))
    end = await asyncio.to_thread(_available, _log_of(world, run), start, run["status"] != "RUNNING")
    chunks = [_chunk(world, run, start, end)] if end > start else []
    return result({"log_chunks": chunks, "next_page_token": str(end) if chunks else None, "bearer_token": None})


def _place(token: str | None) -> int:
    try:
        return int(token or 0)
    except ValueError as problem:
        raise bad_request("next_page_token is not valid") from problem


def _log_of(world: World, run: Doc) -> Path:
    return run_folder(world, run["id"]) / "output.log"


def _available(log: Path, start: int, whole: bool) -> int:
    """How far the log can be read: a line that is still being written waits, or it would be shown as two."""
    if whole:
        return log.stat().st_size
    with log.open("rb") as opened:
        opened.seek(start)
        content = opened.read()
    return start + content.rfind(b"\n") + 1


def _chunk(world: World, run: Doc, start: int, end: int) -> Doc:
    return {
        "cluster_id": run["cluster_id"],
        "chunk_name": f"output-{start}.log",
        "chunk_url": f"{world.settings.url}/_emulator/logs/{run['id']}?start={start}&end={end}",
        "size": end - start,
        "file_name": "output.log",
        "node_type": "head-node",
        "node_ip": "127.0.0.1",
        "instance_id": "i-local",
        "session_id": run["cluster_id"],
    }


async def chunk(request: Request) -> Response:
    """The bytes of a chunk. No token: the real ones are presigned urls."""
    world, query = world_of(request), request.query_params
    log = _log_of(world, run_of(world, request.path_params["run_id"]))
    content = await asyncio.to_thread(_read, log, int(query["start"]), int(query["end"]))
    return Response(content, media_type="text/plain; charset=utf-8")


def _read(log: Path, start: int, end: int) -> bytes:
    with log.open("rb") as opened:
        opened.seek(start)
        return opened.read(end - start)


async def decorated_job(request: Request) -> Response:
    """A job run in the shape that only ``anyscale job logs --follow`` reads."""
    world = world_of(request)
    run = run_of(world, request.path_params["run_id"])
    user = world.user
    kept = {key: run[key] for key in ("id", "created_at", "finished_at", "cluster_id", "ha_job_id", "status")}
    return result(
        {
            **kept,
            "name": run["run_name"],
            "ray_session_name": run["cluster_id"],
            "ray_job_id": run["id"],
            "environment_id": run["id"],
            "creator_id": user["id"],
            "creator": {key: user[key] for key in ("id", "name", "username", "email")},
            "cluster": {"id": run["cluster_id"], "name": run["run_name"]},
            "runtime_environment": {"id": run["id"]},
        }
    )


async def startup_logs(_request: Request) -> Response:
    """A cluster's start has nothing to tell here."""
    return result({"lines": "", "num_lines": 0, "start_line": 0, "finished": True})


ROUTES = [
    Route("/api/v2/logs/job_logs_download_v2/{run_id}", job_logs, methods=["GET"]),
    Route("/api/v2/decorated_jobs/{run_id}", decorated_job, methods=["GET"]),
    Route("/api/v2/sessions/{cluster_id}/startup_logs", startup_logs, methods=["GET"]),
    Route("/_emulator/logs/{run_id}", chunk, methods=["GET"]),
]
