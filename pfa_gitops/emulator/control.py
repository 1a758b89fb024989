"""The emulator's own endpoints, for tests and for the people who run it."""

from dataclasses import asdict

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from pfa_gitops.emulator.envelope import bad_request, done, not_found
from pfa_gitops.emulator.faults import Stuck
from pfa_gitops.emulator.identity import new_id
from pfa_gitops.emulator.job_process import runs_of
from pfa_gitops.emulator.jobs import job_of
from pfa_gitops.emulator.seed import cloud, default_compute_config
from pfa_gitops.emulator.world import body_of, world_of


async def health(_request: Request) -> Response:
    """Whether it is up."""
    return JSONResponse({"status": "ok"})


async def add_fault(request: Request) -> Response:
    """Set a rule; its fields are those of `faults.Fault`."""
    return JSONResponse(asdict(world_of(request).faults.add(await body_of(request))))


async def clear_faults(request: Request) -> Response:
    """Forget all rules, and let stuck jobs start."""
    world_of(request).faults.clear()
    return done()


async def requests(request: Request) -> Response:
    """What was asked so far, without headers and bodies."""
    return JSONResponse(list(world_of(request).faults.requests))


async def forget_requests(request: Request) -> Response:
    """Empty that log."""
    world_of(request).faults.requests.clear()
    return done()


async def job(request: Request) -> Response:
    """A job as stored, with the states it went through and its runs with their pids."""
    world = world_of(request)
    found = job_of(world, request.path_params["job_id"])
    return JSONResponse({**found, "runs": runs_of(world, found["id"])})


async def service(request: Request) -> Response:
    """A service as stored, with its versions and their pids."""
    world = world_of(request)
    found = world.store.get("service", request.path_params["service_id"])
    if found is None:
        raise not_found("Service", request.path_params["service_id"])
    return JSONResponse({**found, "versions": world.store.find("service_version", found["id"])[::-1]})


async def lose_node(request: Request) -> Response:
    """Kill the processes of a job's current run, as if their machine had died."""
    world = world_of(request)
    found = job_of(world, request.path_params["job_id"])
    if not await world.jobs.lose_node(found["id"]):
        raise bad_request("the job has no process")
    return done()


async def stick_jobs(request: Request) -> Response:
    """Keep jobs from starting; the fields are those of `faults.Stuck`."""
    values = await body_of(request)
    if set(values) - set(Stuck.__dataclass_fields__):
        raise bad_request(f"not a way to be stuck: {values}")
    world_of(request).faults.stuck_jobs.append(Stuck(**values))
    return done()


async def add_cloud(request: Request) -> Response:
    """A second cloud, with a default compute config."""
    world, body = world_of(request), await body_of(request)
    with world.store.together():
        made = world.store.insert("cloud", cloud(str(body.get("name") or new_id("cloud")), world.user["id"]))
        world.store.insert("compute_config", default_compute_config(made, world.user["id"]))
    return JSONResponse(made)


ROUTES = [
    Route("/_emulator/health", health, methods=["GET"]),
    Route("/_emulator/faults", add_fault, methods=["POST"]),
    Route("/_emulator/faults", clear_faults, methods=["DELETE"]),
    Route("/_emulator/requests", requests, methods=["GET"]),
    Route("/_emulator/requests", forget_requests, methods=["DELETE"]),
    Route("/_emulator/jobs/stuck", stick_jobs, methods=["POST"]),
    Route("/_emulator/jobs/{job_id}", job, methods=["GET"]),
    Route("/_emulator/jobs/{job_id}/lose_node", lose_node, methods=["POST"]),
    Route("/_emulator/services/{service_id}", service, methods=["GET"]),
    Route("/_emulator/clouds", add_cloud, methods=["POST"]),
]
