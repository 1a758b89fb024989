"""The names of what automations act upon and look at, by id, and the ids by name. Reads only, in bulk."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence

from pfa_gitops.model.errors import Conflict, NotFound
from pfa_gitops.model.values import Ids, Key
from pfa_gitops.platforms.prefect._automation_resources import Named
from pfa_gitops.platforms.prefect._block_names import block_id, block_names
from pfa_gitops.platforms.prefect._client import Listing, PrefectClient, any_of
from pfa_gitops.platforms.prefect._deployment_names import find_deployment
from pfa_gitops.platforms.prefect._naming import in_path

NamesById = Mapping[Named, str]
"""The names, by the sort and the id of a resource. What is gone is not there."""
IdsByName = Mapping[Named, str]


async def read_names(client: PrefectClient, wanted: Iterable[Named]) -> NamesById:
    """The names of these ids: one listing for each sort of resource that is asked for, two for deployments."""
    by_sort: dict[str, set[str]] = {}
    for sort, found in wanted:
        by_sort.setdefault(sort, set()).add(found)
    answers = await asyncio.gather(*(_READERS[sort](client, sorted(ids)) for sort, ids in by_sort.items()))
    return {
        Named(sort, found): name for sort, names in zip(by_sort, answers, strict=True) for found, name in names.items()
    }


async def _deployments(client: PrefectClient, ids: Sequence[str]) -> Mapping[str, str]:
    found = await _by_id(client, "deployments", ids)
    flows = await _flows(client, sorted({item["flow_id"] for item in found}))
    return {item["id"]: f"{flows.get(item['flow_id'])}/{item['name']}" for item in found}


async def _flows(client: PrefectClient, ids: Sequence[str]) -> Mapping[str, str]:
    return _names(await _by_id(client, "flows", ids))


async def _pools(client: PrefectClient, ids: Sequence[str]) -> Mapping[str, str]:
    return _names(await _by_id(client, "work_pools", ids))


async def _queues(client: PrefectClient, ids: Sequence[str]) -> Mapping[str, str]:
    found = await _by_id(client, "work_queues", ids)
    return {item["id"]: f"{item['work_pool_name']}/{item['name']}" for item in found}


async def _automations(client: PrefectClient, ids: Sequence[str]) -> Mapping[str, str]:
    return _names(await _by_id(client, "automations", ids))


async def _limits(client: PrefectClient, ids: Sequence[str]) -> Mapping[str, str]:
    """They have no filter by id."""
    wanted = set(ids)
    return _names(item for item in await client.listing("/v2/concurrency_limits/filter") if item["id"] in wanted)


async def _by_id(client: PrefectClient, what: str, ids: Sequence[str]) -> Listing:
    """Those of `ids`. So many that no filter takes them let everything through."""
    wanted = set(ids)
    found = await client.listing(f"/{what}/filter", {what: {"id": any_of(ids)}}) if ids else []
    return [item for item in found if item["id"] in wanted]


def _names(found: Iterable[Mapping[str, str]]) -> Mapping[str, str]:
    return {item["id"]: item["name"] for item in found}


_READERS: Mapping[str, Callable[[PrefectClient, Sequence[str]], Awaitable[Mapping[str, str]]]] = {
    "deployment": _deployments,
    "work_pool": _pools,
    "work_queue": _queues,
    "block": block_names,
    "flow": _flows,
    "automation": _automations,
    "concurrency_limit": _limits,
}


async def read_ids(client: PrefectClient, wanted: Iterable[Named], ids: Ids) -> IdsByName:
    """The ids of these names: of this run's manifests, else asked for. Raises NotFound, Conflict for two of a name."""
    resources = sorted(set(wanted))
    found = await asyncio.gather(*(_id(client, resource, ids) for resource in resources))
    return dict(zip(resources, found, strict=True))


async def _id(client: PrefectClient, resource: Named, ids: Ids) -> str:
    sort, name = resource
    if sort == "block":
        return await block_id(client, name, ids)
    if sort in _KINDS and (known := ids.get(Key(_KINDS[sort], name))) is not None:
        return known
    try:
        return await _ASKED[sort](client, name)
    except NotFound:
        shown = sort.replace("_", " ")
        raise NotFound(f"Prefect has no {shown} {name}", "make it, or correct the name") from None


async def _deployment_id(client: PrefectClient, name: str) -> str:
    found = await find_deployment(client, name) if "/" in name else None
    if found is None:
        raise NotFound(name)
    return str(found["id"])


async def _pool_id(client: PrefectClient, name: str) -> str:
    return str((await client.get(f"/work_pools/{in_path(name)}"))["id"])


async def _queue_id(client: PrefectClient, name: str) -> str:
    pool, _, own = name.partition("/")
    return str((await client.get(f"/work_pools/{in_path(pool)}/queues/{in_path(own)}"))["id"])


async def _flow_id(client: PrefectClient, name: str) -> str:
    return str((await client.get(f"/flows/name/{in_path(name)}"))["id"])


async def _limit_id(client: PrefectClient, name: str) -> str:
    return str((await client.get(f"/v2/concurrency_limits/{in_path(name)}"))["id"])


async def _automation_id(client: PrefectClient, name: str) -> str:
    """Names of automations are not unique."""
    found = await client.read_all("/automations/filter", {"automations": {"name": any_of([name])}})
    if not found:
        raise NotFound(name)
    if len(found) > 1:
        raise Conflict(f"Prefect has {len(found)} automations called {name}", "rename all but one of them in Prefect")
    return str(found[0]["id"])


_ASKED: Mapping[str, Callable[[PrefectClient, str], Awaitable[str]]] = {
    "deployment": _deployment_id,
    "work_pool": _pool_id,
    "work_queue": _queue_id,
    "flow": _flow_id,
    "automation": _automation_id,
    "concurrency_limit": _limit_id,
}
_KINDS = {
    "deployment": "Deployment",
    "work_pool": "WorkPool",
    "work_queue": "WorkQueue",
    "automation": "Automation",
    "concurrency_limit": "ConcurrencyLimit",
}
"""The kind whose manifests declare such a resource, where its key is its name."""
