"""Registers the runner's block types with Prefect, where the server does not have them yet. Never imports Prefect."""

from pfa_gitops.model.errors import Conflict
from pfa_gitops.platforms.prefect._block_catalog import BlockType, read_catalog
from pfa_gitops.platforms.prefect._client import PrefectClient
from pfa_gitops.platforms.prefect._runner_documents import runner_documents


async def register(client: PrefectClient, slug: str) -> tuple[str, str]:
    """Return the ids of the type and of this version's schema. Registers what is missing; safe to do twice."""
    document = runner_documents()["blocks"][slug]
    known = (await read_catalog(client, [slug])).types.get(slug) or await _register_type(client, slug)
    schema = document["schema"]
    if (schema_id := known.checksums.get(schema["checksum"])) is None:
        body = {name: schema[name] for name in ("fields", "capabilities", "version")}
        # the server finds the same schema again by its checksum, so that sending this twice makes one
        schema_id = (await client.post_twice("/block_schemas/", {**body, "block_type_id": known.id}))["id"]
    return known.id, schema_id


async def _register_type(client: PrefectClient, slug: str) -> BlockType:
    try:
        created = await client.post_twice("/block_types/", runner_documents()["blocks"][slug]["type"])
    except Conflict:  # somebody else was faster, or the first answer was lost
        created = await client.get(f"/block_types/slug/{slug}")
    return BlockType(slug, created["id"])
