"""A Prefect block document that says how a flow run becomes an Anyscale or Ray job. The worker reads it per run."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

from pydantic import ValidationError, model_validator

from pfa_gitops.model.chain import Part
from pfa_gitops.model.errors import Problem
from pfa_gitops.model.plain import plain
from pfa_gitops.model.values import Change, Ids, Key, Live, Manifest, NamedSpec
from pfa_gitops.platforms.base import FieldRules, Flaw, Found, Keyed, Kind, Observation, Worded
from pfa_gitops.platforms.lost_replies import send
from pfa_gitops.platforms.overlaid import overlaid
from pfa_gitops.platforms.prefect._block_documents import Document, read_all_documents, read_documents
from pfa_gitops.platforms.prefect._client import PrefectClient
from pfa_gitops.platforms.prefect._infra_fields import (
    IMAGES,
    AnyscaleInfraFields,
    InfraFields,
    RayInfraFields,
    TriggeredJobFields,
    only_one,
)
from pfa_gitops.platforms.prefect._infra_types import register
from pfa_gitops.platforms.prefect._naming import check_block_name
from pfa_gitops.platforms.prefect._placeholders import INFRA_TYPES, clear_secrets
from pfa_gitops.platforms.prefect._touches import made, touch


class BlockFields(InfraFields, TriggeredJobFields):
    """The fields of a block of either type."""


class InfraBlockSpec(BlockFields, NamedSpec):
    """How a flow run becomes a job."""

    type: Literal["anyscale-job", "ray-job"]
    """An Anyscale job, or a job on the Ray cluster that the worker runs on. A change replaces the block."""

    @model_validator(mode="before")
    @classmethod
    def _only_one_image(cls, data: Any) -> Any:
        """To name one image says that there is no other: a block that had one before loses it."""
        return only_one(data, IMAGES)


FIELDS: Mapping[str, frozenset[str]] = {
    "anyscale-job": frozenset(AnyscaleInfraFields.model_fields) | frozenset(TriggeredJobFields.model_fields),
    "ray-job": frozenset(RayInfraFields.model_fields),
}
"""What each type takes."""
STORED: Mapping[str, str] = {"job_name": "name"}
"""The document's field for a manifest's one. In a manifest `name` is the block's own."""


class InfraBlock(Kind[InfraBlockSpec, PrefectClient]):
    """Documents of the two types are listed at once. Their references to secrets are stored, not their values."""

    name = "InfraBlock"
    platform = "prefect"
    summary = "a Prefect block document of type anyscale-job or ray-job"
    part = Part.CONFIGURATION
    rules = FieldRules(
        immutable=frozenset({"type"}),
        keyed={
            "compute_config.worker_nodes": Keyed("name"),
            "compute_config.configs.worker_nodes": Keyed("name"),
        },
        unordered=frozenset({"compute_config.zones", "compute_config.configs.zones"}),
    )

    @property
    def spec(self) -> type[InfraBlockSpec]:
        """The Spec class."""
        return InfraBlockSpec

    def named(self, name: str) -> Manifest[InfraBlockSpec]:
        """Of either type: `observe` takes the other one where there is none of this."""
        return self.bare(name, InfraBlockSpec.model_construct({"name", "type"}, name=name, type="anyscale-job"))

    def check(self, manifest: Manifest[InfraBlockSpec]) -> Iterable[Problem]:
        """The name, fields of the other type, and secrets that would travel in clear."""
        yield from check_block_name(manifest, manifest.platform_name)
        kind = manifest.spec.type
        for name in sorted(manifest.spec.model_fields_set - FIELDS[kind] - {"type", "name"}):
            other = next(slug for slug, fields in FIELDS.items() if name in fields)
            yield manifest.problem((name,), f"{kind} has no field {name}", f"remove it, or make the type {other}")
        for flaw in clear_secrets(manifest.spec.env or {}, ("env",)):
            yield manifest.problem(*flaw)

    async def observe(self, client: PrefectClient, wanted: Sequence[Manifest[InfraBlockSpec]]) -> Observation:
        """One listing. A document of the other type counts where there is none of the wanted type."""
        names = [f"{slug}/{manifest.key.name}" for manifest in wanted for slug in INFRA_TYPES]
        documents = await read_documents(client, names, include_secrets=False)
        lives = []
        for manifest in wanted:
            for slug in sorted(INFRA_TYPES, key=lambda slug: slug != manifest.spec.type):
                if (document := documents.get(f"{slug}/{manifest.key.name}")) is not None:
                    lives.append(_live(document, slug))
                    break
        return Observation(lives)

    async def discover(self, client: PrefectClient) -> Sequence[Found[InfraBlockSpec]]:
        """One listing of the documents of both types."""
        documents = await read_all_documents(client, ())
        return [self._found(client, item) for item in documents if item["block_type"]["slug"] in INFRA_TYPES]

    def _found(self, client: PrefectClient, document: Document) -> Found[InfraBlockSpec]:
        spec = InfraBlockSpec.model_construct(name=document["name"], type=document["block_type"]["slug"])
        page = _page(client, document["id"])
        return Found(self.bare(document["name"], spec), document["id"], page, made(document), touch(document))

    async def worded(
        self, client: PrefectClient, lives: Sequence[Live[InfraBlockSpec]]
    ) -> Sequence[Worded[InfraBlockSpec]]:
        """With what this version does not know told."""
        return [Worded(live.spec, [_unsayable(name) for name in live.details["left"]]) for live in lives]

    def page(self, client: PrefectClient, live: Live[InfraBlockSpec]) -> str:
        """By its id."""
        return _page(client, live.id)

    async def create(self, client: PrefectClient, change: Change, ids: Ids) -> str:
        """POST, after the block type was registered where it is missing."""
        return await _post(client, change.key.name, change.manifest.spec)

    async def replace(self, client: PrefectClient, change: Change, ids: Ids) -> str:
        """POST the new one, then DELETE the former: names are unique per type. What both types have is kept."""
        spec = overlaid(change.manifest.spec, change.existing.spec, self.rules)
        slug = f"{spec.type}/{change.key.name}"

        async def look() -> str | None:
            found = await read_documents(client, [slug], include_secrets=False)
            return str(found[slug]["id"]) if slug in found else None

        made = await send(lambda: _post(client, change.key.name, spec), look)
        await self.delete(client, change.existing)
        return made

    async def update(self, client: PrefectClient, change: Change, ids: Ids) -> None:
        """PATCH the changed fields; the document then follows this version's schema."""
        live = change.existing
        spec = overlaid(change.manifest.spec, live.spec, self.rules)
        _, schema_id = await register(client, spec.type)
        body = {"data": _data(spec, change.changed), "block_schema_id": schema_id}
        await client.patch(f"/block_documents/{live.id}", body)

    async def delete(self, client: PrefectClient, live: Live[InfraBlockSpec]) -> None:
        """DELETE by id."""
        await client.remove(f"/block_documents/{live.id}")


def _page(client: PrefectClient, document_id: str) -> str:
    return f"{client.target.console}/blocks/block/{document_id}"


async def _post(client: PrefectClient, name: str, spec: InfraBlockSpec) -> str:
    type_id, schema_id = await register(client, spec.type)
    body = {
        "name": name,
        "data": _data(spec, spec.model_fields_set & (FIELDS[spec.type] | {"type"})),
        "block_type_id": type_id,
        "block_schema_id": schema_id,
    }
    return str((await client.post("/block_documents/", body))["id"])


def _data(spec: InfraBlockSpec, names: Iterable[str]) -> dict[str, Any]:
    return {STORED.get(name, name): plain(getattr(spec, name)) for name in sorted(set(names) - {"name"})}


def _live(document: Mapping[str, Any], slug: str) -> Live[InfraBlockSpec]:
    """Fields that this version does not know, or whose values it does not take, are left out: they get written."""
    own = {"type": slug, "name": document["name"]}
    stored = {STORED.get(name, name): name for name in FIELDS[slug]}
    data = {stored[name]: value for name, value in document["data"].items() if name in stored}
    valid = _valid(data)
    spec = InfraBlockSpec.model_construct(**own, **valid)
    unknown = document["data"].keys() - stored.keys() - {"type", "block_type_slug"}
    left = sorted(
        name
        for name in unknown | (data.keys() - valid.keys())
        if document["data"].get(STORED.get(name, name)) is not None
    )
    return Live(Key("InfraBlock", document["name"]), spec, document["id"], {"left": left}, touch(document))


def _unsayable(name: str) -> Flaw:
    return Flaw((name,), f"its field {name} has a value that no manifest can have", "look at the block in Prefect")


def _valid(data: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that are valid each by itself, e.g. not those of a document saved by hand with two images."""
    valid = {}
    for name, value in data.items():
        try:
            valid[name] = getattr(BlockFields.model_validate({name: value}), name)
        except ValidationError:
            continue
    return valid


KIND = InfraBlock()
