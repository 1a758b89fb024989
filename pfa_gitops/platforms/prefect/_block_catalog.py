"""The block types and schemas that a Prefect server knows. Reads only."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pfa_gitops.platforms.prefect._client import PrefectClient

TYPES = "/block_types/filter"
SCHEMAS = "/block_schemas/filter"


@dataclass(frozen=True)
class BlockType:
    """A block type with its newest schema."""

    slug: str
    id: str
    schema_id: str | None = None
    """None where the type has no schema, so that no document can be made."""
    fields: Mapping[str, Any] = field(default_factory=dict)
    """The schema's JSON, with Prefect's `secret_fields` and `block_schema_references`."""
    checksums: Mapping[str, str] = field(default_factory=dict)
    """Ids of all the schemas, by checksum."""


@dataclass(frozen=True)
class Catalog:
    """The types that were asked for, and the slugs of all."""

    types: Mapping[str, BlockType]
    slugs: tuple[str, ...]


async def read_catalog(client: PrefectClient, slugs: Iterable[str]) -> Catalog:
    """One listing of all types, and one of the schemas of each type in `slugs`: the listing of all is large."""
    found = {item["slug"]: item["id"] for item in await client.listing(TYPES)}
    wanted = sorted(set(slugs) & found.keys())
    types = await asyncio.gather(*(_read_type(client, slug, found[slug]) for slug in wanted))
    return Catalog({known.slug: known for known in types}, tuple(sorted(found)))


async def _read_type(client: PrefectClient, slug: str, identity: str) -> BlockType:
    """Schemas come newest first [models/block_schemas.py]."""
    schemas = await client.listing(SCHEMAS, {"block_schemas": {"block_type_id": {"any_": [identity]}}})
    if not schemas:
        return BlockType(slug, identity)
    checksums = {schema["checksum"]: schema["id"] for schema in schemas}
    return BlockType(slug, identity, schemas[0]["id"], schemas[0]["fields"], checksums)
