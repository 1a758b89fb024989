"""A Prefect block document of any type that the server knows: storage, credentials, secrets, notifications."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any

from pydantic import Field

from pfa_gitops.model.chain import Part
from pfa_gitops.model.closest import did_you_mean
from pfa_gitops.model.errors import PlatformError, Problem
from pfa_gitops.model.secrets import Concealed, WithSecrets, find_secret_refs
from pfa_gitops.model.values import Change, Ids, Key, Live, Manifest, NamedSpec
from pfa_gitops.platforms.base import FieldRules, Found, Kind, Observation, Worded
from pfa_gitops.platforms.prefect._block_catalog import BlockType, Catalog, read_catalog
from pfa_gitops.platforms.prefect._block_data import (
    Named,
    Secrets,
    clear_data,
    compose,
    folded,
    reference_in,
    see,
    with_untold,
)
from pfa_gitops.platforms.prefect._block_documents import Document, read_all_documents, read_documents
from pfa_gitops.platforms.prefect._block_names import block_id
from pfa_gitops.platforms.prefect._block_schema import flaws
from pfa_gitops.platforms.prefect._client import PrefectClient
from pfa_gitops.platforms.prefect._inventory import SLUG
from pfa_gitops.platforms.prefect._naming import check_block_name
from pfa_gitops.platforms.prefect._placeholders import INFRA_TYPES, PLACEHOLDERS
from pfa_gitops.platforms.prefect._touches import made, touch

Wanted = Manifest["BlockSpec"]


class BlockSpec(NamedSpec):
    """A block document."""

    type: str = Field(min_length=1, examples=["s3-bucket", "secret", "aws-credentials"])
    """The slug of the block type."""
    data: dict[str, Annotated[WithSecrets, *PLACEHOLDERS]] = Field(default_factory=dict)
    """The block's fields. A secret is a reference such as `{from_env: NAME}`; another block is
    `{{ prefect.blocks.type.name }}`. Secret fields that no manifest ever named keep the value they have."""


class Block(Kind[BlockSpec, PrefectClient]):
    """Documents are listed by type and name; the clear values of secrets are read only where a manifest names them."""

    name = "Block"
    platform = "prefect"
    summary = "a Prefect block document"
    part = Part.CONFIGURATION
    rules = FieldRules(resolves_secrets=True)

    @property
    def spec(self) -> type[BlockSpec]:
        """The Spec class."""
        return BlockSpec

    def key(self, name: str, spec: BlockSpec) -> Key:
        """`slug/name`: two types may each have a document of one name."""
        return Key("Block", f"{spec.type}/{spec.name or name}")

    def named(self, name: str) -> Wanted:
        """By `slug/name`."""
        slug, _, own = name.partition("/")
        return self.bare(own, BlockSpec.model_construct({"name", "type"}, name=own, type=slug))

    def check(self, manifest: Wanted) -> Iterable[Problem]:
        """The name, and types that have a kind of their own."""
        yield from check_block_name(manifest, manifest.platform_name)
        if manifest.spec.type in INFRA_TYPES:
            message = f"a block of type {manifest.spec.type} is an InfraBlock"
            yield manifest.problem(("type",), message, "write kind: InfraBlock, with the fields of `data` in `spec`")

    async def observe(self, client: PrefectClient, wanted: Sequence[Wanted]) -> Observation:
        """Types, schemas and documents in bulk; each of them once."""
        slugs = {manifest.spec.type for manifest in wanted}
        sealed = [manifest for manifest in wanted if _holds_secrets(manifest.spec.data)]
        plain = [manifest for manifest in wanted if manifest not in sealed]
        catalog, *found = await asyncio.gather(
            read_catalog(client, slugs),
            read_documents(client, _names(sealed), include_secrets=True),
            read_documents(client, _names(plain), include_secrets=False),
        )
        documents = {name: document for part in found for name, document in part.items()}
        lives, problems = [], await _missing_blocks(client, wanted, catalog)
        for manifest in wanted:
            block_type = catalog.types.get(manifest.spec.type)
            document = documents.get(manifest.key.name)
            if block_type is None or block_type.schema_id is None:
                problems.append(_unknown_type(manifest, catalog))
                continue
            live = _live(document, manifest, block_type) if document else None
            kept = live.details["kept"] if live else {}
            problems += [manifest.problem(*flaw) for flaw in flaws(manifest.spec.data, block_type.fields, kept)]
            lives += [live] if live else []
        return Observation(lives, problems)

    async def discover(self, client: PrefectClient) -> Sequence[Found[BlockSpec]]:
        """One listing, without secrets, of what is no InfraBlock and no inventory."""
        return [self._found(client, document) for document in await read_all_documents(client, {*INFRA_TYPES, SLUG})]

    def _found(self, client: PrefectClient, document: Document) -> Found[BlockSpec]:
        fields = {"name": document["name"], "type": document["block_type"]["slug"], "data": clear_data(document)}
        manifest = self.bare(document["name"], BlockSpec.model_construct(**fields))
        page = _page(client, document["id"])
        return Found(manifest, document["id"], page, made(document), touch(document))

    async def worded(self, client: PrefectClient, lives: Sequence[Live[BlockSpec]]) -> Sequence[Worded[BlockSpec]]:
        """With the places of the secrets that the document holds."""
        return [
            Worded(live.spec.model_copy(update={"data": folded(with_untold(live.spec.data, live.details["kept"]))}))
            for live in lives
        ]

    def page(self, client: PrefectClient, live: Live[BlockSpec]) -> str:
        """By its id."""
        return _page(client, live.id)

    async def create(self, client: PrefectClient, change: Change, ids: Ids) -> str:
        """POST with the type's newest schema."""
        spec, block_type = await _target(client, change)
        body = {
            "name": change.key.name.partition("/")[2],
            "data": await _data(client, spec, {}, block_type, ids),
            "block_type_id": block_type.id,
            "block_schema_id": block_type.schema_id,
        }
        return str((await client.post("/block_documents/", body))["id"])

    async def update(self, client: PrefectClient, change: Change, ids: Ids) -> None:
        """PATCH the whole data, with stars for secrets that stay.

        Not only the changed fields: a merging PATCH drops the nested blocks that it does not name, and cannot remove
        a field [models/block_documents.py].
        """
        live = change.existing
        spec, block_type = await _target(client, change)
        data = await _data(client, spec, live.details["kept"], block_type, ids)
        body = {"data": data, "merge_existing_data": False, "block_schema_id": block_type.schema_id}
        await client.patch(f"/block_documents/{live.id}", body)

    async def delete(self, client: PrefectClient, live: Live[BlockSpec]) -> None:
        """DELETE by id."""
        await client.remove(f"/block_documents/{live.id}")


def _page(client: PrefectClient, document_id: str) -> str:
    return f"{client.target.console}/blocks/block/{document_id}"


def _names(wanted: Iterable[Wanted]) -> list[str]:
    return [manifest.key.name for manifest in wanted]


def _holds_secrets(data: Any) -> bool:
    if isinstance(data, Mapping):
        return any(map(_holds_secrets, data.values()))
    if isinstance(data, list):
        return any(map(_holds_secrets, data))
    return isinstance(data, Concealed) or any(find_secret_refs(data))


def _live(document: Mapping[str, Any], manifest: Wanted, block_type: BlockType) -> Live[BlockSpec]:
    secrets = Secrets.of([document["block_schema"]["fields"], block_type.fields])
    named = Named(manifest.spec.data, manifest.applied.get("data"))
    seen = see(document, named, secrets, block_type.fields)
    spec = BlockSpec.model_construct(
        {"name", "type", "data"}, name=document["name"], type=manifest.spec.type, data=seen.data
    )
    return Live(manifest.key, spec, document["id"], {"kept": seen.kept}, touch(document))


async def _target(client: PrefectClient, change: Change) -> tuple[BlockSpec, BlockType]:
    spec: BlockSpec = change.manifest.spec
    catalog = await read_catalog(client, [spec.type])
    if (block_type := catalog.types.get(spec.type)) is None or block_type.schema_id is None:
        raise PlatformError(_unknown_type(change.manifest, catalog).message)
    return spec, block_type


async def _data(
    client: PrefectClient, spec: BlockSpec, kept: Mapping[str, Any], block_type: BlockType, ids: Ids
) -> dict[str, Any]:
    """The data to send, with nested blocks by id."""
    links = _links(spec, block_type)
    found = {name: await block_id(client, target, ids) for name, target in links.items()}
    return compose(spec.data, kept, Secrets.of([block_type.fields]), found.get)


def _links(spec: BlockSpec, block_type: BlockType) -> dict[str, str]:
    """The fields that take a block and hold a placeholder, with the `slug/name` that it names."""
    takers = block_type.fields.get("block_schema_references") or {}
    named = {name: reference_in(value) for name, value in spec.data.items() if name in takers}
    return {name: target for name, target in named.items() if target}


def _unknown_type(manifest: Wanted, catalog: Catalog) -> Problem:
    slug = manifest.spec.type
    if slug in catalog.types:
        return manifest.problem(("type",), f"the block type {slug} has no schema", "register the block type again")
    mend = did_you_mean(slug, catalog.slugs, "register it: prefect block register -m <its package>")
    return manifest.problem(("type",), f"the Prefect server has no block type {slug}", mend)


async def _missing_blocks(client: PrefectClient, wanted: Sequence[Wanted], catalog: Catalog) -> list[Problem]:
    """Nested blocks that neither a manifest nor the server has."""
    declared = {manifest.key.name for manifest in wanted}
    links = [
        (manifest, field, target)
        for manifest in wanted
        if (block_type := catalog.types.get(manifest.spec.type)) is not None
        for field, target in _links(manifest.spec, block_type).items()
        if target not in declared and target.partition("/")[0] not in INFRA_TYPES
    ]
    there = await read_documents(client, [target for *_, target in links], include_secrets=False)
    return [
        manifest.problem(("data", field), f"Prefect has no block {target}", "declare it, or correct the reference")
        for manifest, field, target in links
        if target not in there
    ]


KIND = Block()
