"""A workbench on a Prefect server, for tests that apply single manifests."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
from support.kind_cases import Workbench, show

from pfa_gitops.model.values import Action
from pfa_gitops.platforms.prefect._client import PrefectClient
from pfa_gitops.platforms.prefect._target import PrefectTarget

SQLITE_LOCKED = 503
"""The server did nothing, and wants to be asked again."""


class Wire(httpx.AsyncBaseTransport):
    """The real wire, which counts, loses the answers to the first requests to some paths, and refuses others."""

    def __init__(self, lose: tuple[str, ...] = (), refuse: str = "nothing") -> None:
        self.refuse = refuse
        self.inner = httpx.AsyncHTTPTransport()
        self.lose = Counter(lose)
        self.sent: Counter[str] = Counter()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        name = f"{request.method} {request.url.path.removeprefix('/api')}"
        if name.startswith(self.refuse):
            return httpx.Response(403, json={"detail": "not yours"}, request=request)
        response = await self.inner.handle_async_request(request)
        self.sent[name] += response.status_code != SQLITE_LOCKED
        if self.lose[name] > 0:
            self.lose[name] -= 1
            await response.aread()
            raise httpx.ReadError("the answer was lost", request=request)
        return response

    async def aclose(self) -> None:
        await self.inner.aclose()


def run(server, scenario: Callable[[Workbench], Awaitable[Any]], wire: httpx.AsyncBaseTransport | None = None) -> Any:
    """Run a scenario with an open client."""

    async def connected():
        async with PrefectClient(PrefectTarget(server.url), wire) as client:
            return await scenario(Workbench({"prefect": client}, Path()))

    return asyncio.run(connected())


async def settle(bench: Workbench, kind: str, name: str, spec: dict, environment: dict | None = None) -> Action:
    """Apply one manifest, see that there is nothing left to do, and tell what was done."""
    manifest = bench.manifest(kind, name, spec)
    plan = await bench.plan([manifest], environment)
    await bench.apply(plan)
    [left] = (await bench.plan([manifest], environment)).changes
    assert left.action is Action.NONE, show(left)
    return plan.changes[0].action
