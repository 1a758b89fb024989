"""A workbench on a Prefect server, for tests that apply single manifests."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
from support.kind_cases import Workbench, show

from pfa_gitops.model.values import Action
from pfa_gitops.platforms.prefect._client import PrefectClient
from pfa_gitops.platforms.prefect._target import PrefectTarget


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
