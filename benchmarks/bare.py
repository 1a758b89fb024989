"""The requests that the server needs at least, sent without anything around them: what no tool can be faster than."""

import asyncio
import time
from collections.abc import Iterable, Sequence
from typing import Any

import httpx

PAGE = 200
"""The most that Prefect tells at once."""
TIMEOUT_S = 300.0


def paged_reads(url: str) -> float:
    """Seconds to read each page of deployments, blocks and pools, one after the other."""
    with httpx.Client(base_url=url, timeout=TIMEOUT_S) as client:
        begin = time.monotonic()
        for path in ("/deployments/filter", "/block_documents/filter", "/work_pools/filter"):
            offset, count = 0, PAGE
            while count == PAGE:
                count = len(_posted(client, path, {"limit": PAGE, "offset": offset}))
                offset += PAGE
        return time.monotonic() - begin


def serial_posts(url: str, bodies: Iterable[dict[str, Any]]) -> float:
    """Seconds to make these deployments, each after its flow, one after the other."""
    with httpx.Client(base_url=url, timeout=TIMEOUT_S) as client:
        begin = time.monotonic()
        for body in bodies:
            flow = _posted(client, "/flows/", {"name": body["flow"]})
            _posted(client, "/deployments/", {**_without_flow(body), "flow_id": flow["id"]})
        return time.monotonic() - begin


def parallel_posts(url: str, bodies: Sequence[dict[str, Any]], at_once: int) -> float:
    """The same with several at a time."""
    return asyncio.run(_parallel_posts(url, bodies, at_once))


async def _parallel_posts(url: str, bodies: Sequence[dict[str, Any]], at_once: int) -> float:
    limit = asyncio.Semaphore(at_once)
    async with httpx.AsyncClient(base_url=url, timeout=TIMEOUT_S) as client:

        async def make(body: dict[str, Any]) -> None:
            async with limit:
                flow = (await client.post("/flows/", json={"name": body["flow"]})).raise_for_status().json()
                answer = await client.post("/deployments/", json={**_without_flow(body), "flow_id": flow["id"]})
                answer.raise_for_status()

        begin = time.monotonic()
        await asyncio.gather(*map(make, bodies))
        return time.monotonic() - begin


def _without_flow(body: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in body.items() if name != "flow"}


def _posted(client: httpx.Client, path: str, body: dict[str, Any]) -> Any:
    return client.post(path, json=body).raise_for_status().json()
