"""A Prefect server that is a recording: it answers at once, as one that is never busy, and it may limit requests.

A Recorder stands before a real server and keeps its answers. A Replayer gives the same answers again, whatever stands
before `/api` in a path: so it may be as many workspaces as one wants.
"""

import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

MINUTE_S = 60.0
JSON = "application/json"
METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]


class Asked(NamedTuple):
    """A request, as far as its answer depends on it."""

    method: str
    path: str
    """With its query."""
    body: bytes


class Answer(NamedTuple):
    """What the server said."""

    status: int
    content: bytes


Recording = dict[Asked, Answer]
Handler = Callable[[Request], Awaitable[Response]]


class Recorder:
    """Passes everything on to a server, and keeps what it says."""

    def __init__(self, url: str) -> None:
        self.recording: Recording = {}
        self._url = httpx.URL(url)

    @contextmanager
    def served(self) -> Iterator[str]:
        """Serve meanwhile; the URL for a client."""
        with _served(self._handle) as url:
            yield url

    async def _handle(self, request: Request) -> Response:
        asked = await _asked(request)
        headers = {name: request.headers[name] for name in ("content-type", "accept") if name in request.headers}
        async with httpx.AsyncClient(base_url=self._url, timeout=None) as client:
            told = await client.request(asked.method, asked.path, content=asked.body, headers=headers)
        self.recording[asked] = Answer(told.status_code, told.content)
        return Response(told.content, told.status_code, media_type=told.headers.get("content-type"))


class Replayer:
    """Gives a recording's answers, `per_minute` at most for all workspaces together, as Prefect Cloud counts."""

    def __init__(self, recording: Recording, per_minute: int | None) -> None:
        self.answered = self.refused = 0
        self._recording = recording
        self._per_minute = per_minute
        self._begun: list[float] = []
        """When the answered requests of the last minute came."""

    @contextmanager
    def served(self) -> Iterator[str]:
        """Serve meanwhile; the URL of a workspace is this one, its name and `/api`."""
        with _served(self._handle) as url:
            yield url.removesuffix("/api")

    async def _handle(self, request: Request) -> Response:
        if (wait_s := self._over_the_limit()) is not None:
            self.refused += 1
            return Response(status_code=429, headers={"Retry-After": f"{wait_s:.1f}"})
        self.answered += 1
        answer = self._recording.get(await _asked(request))
        if answer is None:
            return Response(f"nobody asked for this when it was recorded: {request.url.path}", 501)
        return Response(answer.content, answer.status, media_type=JSON)

    def _over_the_limit(self) -> float | None:
        """In how many seconds one more is let through; None: it is now."""
        now = time.monotonic()
        self._begun = [moment for moment in self._begun if now - moment < MINUTE_S]
        if self._per_minute is not None and len(self._begun) >= self._per_minute:
            return MINUTE_S - (now - self._begun[0])
        self._begun.append(now)
        return None


async def _asked(request: Request) -> Asked:
    path = str(request.path_params["path"])
    return Asked(
        request.method, f"/{path}?{request.url.query}" if request.url.query else f"/{path}", await request.body()
    )


@contextmanager
def _served(handler: Handler) -> Iterator[str]:
    """Serve all below `…/api` in a thread of its own; the URL."""
    routes = [Route(f"{before}/api/{{path:path}}", handler, methods=METHODS) for before in ("", "/{workspace}")]
    server = uvicorn.Server(uvicorn.Config(Starlette(routes=routes), port=0, log_level="error", lifespan="off"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while thread.is_alive() and not server.started:
        time.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/api"
    finally:
        server.should_exit = True
        thread.join()
