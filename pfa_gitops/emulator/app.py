"""The whole server: the table of routes, and the layers around them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp

from pfa_gitops.emulator import (
    builds,
    clouds,
    compute_configs,
    control,
    deploy,
    images,
    jobs,
    logs,
    projects,
    schedules,
    services,
    tags,
    uploads,
    users,
)
from pfa_gitops.emulator.envelope import ApiError, error
from pfa_gitops.emulator.gate import Gate
from pfa_gitops.emulator.job_process import Jobs
from pfa_gitops.emulator.schedules import Clock
from pfa_gitops.emulator.scratch import drop_left_ray_folders
from pfa_gitops.emulator.seed import seed
from pfa_gitops.emulator.service_process import Services
from pfa_gitops.emulator.store import Store
from pfa_gitops.emulator.world import Settings, World

_PARTS = (
    users, clouds, projects, compute_configs, images, builds, uploads, jobs, logs, deploy, services, schedules, tags,
    control,
)  # fmt: skip


def make_world(settings: Settings) -> World:
    """Open the data folder; a new one is filled with what every organization has."""
    world = World(settings, Store(settings.data_dir / "emulator.db"))
    seed(world.store)
    world.jobs, world.services, world.clock = Jobs(world), Services(world), Clock(world)
    return world


def make_app(world: World) -> ASGIApp:
    """The ASGI application."""

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        world.jobs.resume()
        await world.services.resume()
        await drop_left_ray_folders(world)
        world.clock.start()
        try:
            yield
        finally:
            await world.clock.close()
            await world.jobs.close()
            await world.services.close()
            world.store.close()

    app = Starlette(
        routes=[route for part in _PARTS for route in part.ROUTES],
        exception_handlers={ApiError: _api_error, HTTPException: _http_error, Exception: _mistake},
        lifespan=lifespan,
    )
    app.router.redirect_slashes = False  # the SDK's paths are exact, and a redirect would hide one that is not
    app.state.world = world
    return Gate(app, world)


async def _api_error(_request: Request, problem: Exception) -> Response:
    if not isinstance(problem, ApiError):
        raise problem
    return error(problem.status, problem.detail)


async def _http_error(request: Request, problem: Exception) -> Response:
    if not isinstance(problem, HTTPException):
        raise problem
    return error(problem.status_code, f"{request.method} {request.url.path}: {problem.detail}")


async def _mistake(_request: Request, problem: Exception) -> Response:
    return error(500, f"the emulator made a mistake: {type(problem).__name__}: {problem}")
