"""Block documents by name and by id: manifests say `slug/name`, the API links by id. Reads only."""

from collections.abc import Iterable, Mapping
from typing import Any

from pfa_gitops.model.errors import NotFound
from pfa_gitops.model.values import Ids, Key
from pfa_gitops.platforms.prefect._client import PrefectClient, any_of
from pfa_gitops.platforms.prefect._naming import in_path
from pfa_gitops.platforms.prefect._placeholders import INFRA_TYPES


def full_name(document: Mapping[str, Any]) -> str:
    """What manifests call a document: `slug/name`."""
    return f"{document['block_type']['slug']}/{document['name']}"


def block_key(name: str) -> Key:
    """The key of the manifest that would declare the document `slug/name`."""
    slug, _, own = name.partition("/")
    return Key("InfraBlock", own) if slug in INFRA_TYPES else Key("Block", name)


async def block_names(client: PrefectClient, ids: Iterable[str | None]) -> Mapping[str, str]:
    """The names of these documents, by id. One request, or none where there is nothing to ask for."""
    wanted = {known for known in ids if known}
    if not wanted:
        return {}
    body = {"block_documents": {"id": any_of(wanted), "is_anonymous": None}, "sort": "BLOCK_TYPE_AND_NAME_ASC"}
    return {item["id"]: full_name(item) for item in await client.listing("/block_documents/filter", body)}


async def block_id(client: PrefectClient, name: str, ids: Ids) -> str:
    """The id of the document `slug/name`: of this run's manifests, else asked for. Raises NotFound."""
    if (known := ids.get(block_key(name))) is not None:
        return known
    slug, _, own = name.partition("/")
    path = f"/block_types/slug/{in_path(slug)}/block_documents/name/{in_path(own)}"
    try:
        return str((await client.get(path))["id"])
    except NotFound:
        raise NotFound(f"Prefect has no block {name}", "declare it, or correct the reference") from None
