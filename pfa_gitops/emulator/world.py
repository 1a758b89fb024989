"""The parts of a running emulator, and the way from a request to them."""

import asyncio
import json
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from starlette.applications import Starlette
from starlette.requests import Request

from pfa_gitops.emulator.envelope import bad_request
from pfa_gitops.emulator.faults import Faults
from pfa_gitops.emulator.store import Doc, Store

if TYPE_CHECKING:
    from pfa_gitops.emulator.job_process import Jobs
    from pfa_gitops.emulator.schedules import Clock
    from pfa_gitops.emulator.service_process import Services


@dataclass
class Settings:
    """What the command line says.

    ``start_delay_s`` is how long a job waits for its cluster, ``grace_s`` how long a process has between TERM and KILL.
    Without ``run_services`` a version of a service counts as running at once, and nothing is started for it.
    """

    data_dir: Path
    token: str | None = None
    start_delay_s: float = 0.0
    grace_s: float = 10.0
    keep_jobs: bool = False
    run_services: bool = True
    url: str = ""  # known once the server listens


@dataclass
class World:
    """Everything the handlers need."""

    settings: Settings
    store: Store
    jobs: "Jobs" = field(init=False)
    services: "Services" = field(init=False)
    clock: "Clock" = field(init=False)
    faults: Faults = field(default_factory=Faults)
    config_locks: dict[str, asyncio.Lock] = field(default_factory=lambda: defaultdict(asyncio.Lock))
    """By service version: one at a time writes down what it is to serve."""

    @property
    def user(self) -> Doc:
        """The one user."""
        return self.store.find("user")[0]

    @property
    def bucket(self) -> Path:
        """Where uploads lie."""
        return self.settings.data_dir / "bucket"


def world_of(request: Request) -> World:
    """The emulator that answers this request."""
    return cast("World", cast("Starlette", request.app).state.world)


async def body_of(request: Request) -> dict[str, Any]:
    """The JSON object that was sent; an empty body is an empty object."""
    try:
        body = json.loads(await request.body() or "{}")
    except ValueError as problem:
        raise bad_request("the body is not JSON") from problem
    if not isinstance(body, dict):
        raise bad_request("the body must be a JSON object")
    return body
