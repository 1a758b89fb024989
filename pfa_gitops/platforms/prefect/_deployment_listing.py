"""Reads deployments by their keys: of the others as few as can be, since a server may hold those of many projects."""

import asyncio
from collections.abc import Awaitable, Iterable, Mapping, Sequence
from itertools import chain
from typing import Any

from pfa_gitops.model.values import Key, Manifest
from pfa_gitops.platforms.prefect._client import PAGE, Item, Listing, PrefectClient, any_of, in_parts
from pfa_gitops.platforms.prefect._deployment_spec import DeploymentSpec

LISTING = "/deployments/filter"
PART = PAGE - 1
"""So many are asked for at once: if nothing else fits the filter, they fill no page, and there is no next one."""


async def read_wanted(client: PrefectClient, wanted: Sequence[Manifest[DeploymentSpec]]) -> dict[Key, Item]:
    """The deployments as the server tells them: those wanted, and some others of the same flows and names."""
    keys = sorted({(manifest.spec.flow_name or "", manifest.platform_name) for manifest in wanted})
    flow_names = sorted({flow_name for flow_name, _ in keys})
    flows, items = await asyncio.gather(
        _joined(
            client.read_all("/flows/filter", {"flows": {"name": any_of(part)}}) for part in in_parts(flow_names, PART)
        ),
        _joined(_read_part(client, part) for part in in_parts(keys, PART)),
    )
    return _keyed(flows, items)


async def read_every(client: PrefectClient) -> dict[Key, Item]:
    """All deployments as the server tells them."""
    flows = await client.read_all("/flows/filter")
    return _keyed(flows, await _read(client, [flow["name"] for flow in flows], {}))


async def _read_part(client: PrefectClient, keys: Sequence[tuple[str, str]]) -> Listing:
    """Those of these flows that have one of these names."""
    flow_names, names = (sorted(set(column)) for column in zip(*keys, strict=True))
    return await _read(client, flow_names, {"deployments": {"name": any_of(names)}})


async def _read(client: PrefectClient, flow_names: Sequence[str], wanted: Mapping[str, Any]) -> Listing:
    """The deployments of these flows that the filter lets through.

    Prefect sorts by name alone, which many flows may share, so that one may slip through between two pages. When the
    count says so, each flow is asked for its own: there a name is there once.
    """
    body = {**wanted, "flows": {"name": any_of(flow_names)}}
    found = await client.read_all(LISTING, body)
    if len(found) < PAGE or len(found) >= await client.ask("/deployments/count", body):
        return found
    return await _joined(
        client.read_all(LISTING, {**wanted, "flows": {"name": any_of([flow_name])}}) for flow_name in flow_names
    )


def _keyed(flows: Listing, items: Listing) -> dict[Key, Item]:
    flow_of = {flow["id"]: flow["name"] for flow in flows}
    return {Key("Deployment", f"{flow_of.get(item['flow_id'])}/{item['name']}"): item for item in items}


async def _joined(readings: Iterable[Awaitable[Listing]]) -> Listing:
    return list(chain.from_iterable(await asyncio.gather(*readings)))
