"""Block documents in bulk. Reads only."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from pfa_gitops.platforms.prefect._block_names import full_name
from pfa_gitops.platforms.prefect._client import PrefectClient, any_of

Document = Mapping[str, Any]


async def read_documents(client: PrefectClient, names: Sequence[str], include_secrets: bool) -> Mapping[str, Document]:
    """The documents of these `slug/name`s that exist, by name. One listing; none where there is nothing to ask."""
    if not names:
        return {}
    slugs, own = zip(*(name.split("/", 1) for name in names), strict=True)
    body = {
        "block_types": {"slug": any_of(slugs)},
        "block_documents": {"is_anonymous": {"eq_": False}, "name": any_of(own)},
        "include_secrets": include_secrets,
        "sort": "BLOCK_TYPE_AND_NAME_ASC",
    }
    found = {full_name(item): item for item in await client.listing("/block_documents/filter", body)}
    return {name: found[name] for name in names if name in found}


async def read_all_documents(client: PrefectClient, but_for: Collection[str]) -> list[Document]:
    """All documents that have a name, without their secrets and but for those of some types."""
    body = {
        "block_documents": {"is_anonymous": {"eq_": False}},
        "include_secrets": False,
        "sort": "BLOCK_TYPE_AND_NAME_ASC",
    }
    found = await client.listing("/block_documents/filter", body)
    return [document for document in found if document["block_type"]["slug"] not in but_for]
