"""The inventory as a Prefect block document: one per project and environment.

Its content is one text of JSON. As a mapping it would be taken apart and put together by Prefect at each write and
read, which for 1,000 deployments takes its server longer than to create them (measured on Prefect 3.8.8). The key of
the digests is a secret field, which Prefect tells only to whoever may read secrets.
"""

import hashlib
import json
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from pfa_gitops.model.errors import Conflict, NotFound, ReaderError
from pfa_gitops.model.inventory import DigestKey, Inventory, from_json, to_json
from pfa_gitops.model.secrets import Sealed
from pfa_gitops.model.values import Owner
from pfa_gitops.platforms.ledger import Ledger
from pfa_gitops.platforms.lost_replies import send
from pfa_gitops.platforms.prefect._client import PrefectClient

SLUG = "pfa-gitops-inventory"
_TYPE = {
    "name": "pfa-gitops inventory",
    "slug": SLUG,
    "description": "What a pfa-gitops project owns, as it was last applied. Written by `pfa-gitops apply`.",
}
_FIELDS: Mapping[str, Any] = {
    "title": "Inventory",
    "type": "object",
    "properties": {
        "content": {"title": "Content", "type": "string"},
        "digest_key": {"title": "Digest Key", "type": "string", "format": "password", "writeOnly": True},
    },
    "required": ["content", "digest_key"],
    "block_type_slug": SLUG,
    "secret_fields": ["digest_key"],
    "block_schema_references": {},
}
_KEY_BYTES = 32


def _inventory(document: Mapping[str, Any]) -> Inventory:
    """The inventory that a document holds. Its digests mean something only where the key was read, too."""
    data = document["data"]
    try:
        content = data["content"]  # a mapping in documents of former versions
        plain = json.loads(content) if isinstance(content, str) else content
        return from_json(plain, DigestKey(Sealed(data["digest_key"])))
    except (KeyError, TypeError, ValueError) as error:
        message = f"the block {SLUG}/{document['name']} is no inventory that this version can read: {error}"
        raise ReaderError(message, "use the version of pfa-gitops that wrote it, or restore the block") from None


def _text(inventory: Inventory) -> str:
    return json.dumps(to_json(inventory), separators=(",", ":"))


def document_name(owner: Owner) -> str:
    """The block document's name: readable, and another one for every project and environment."""
    readable = re.sub("[^a-z0-9]+", "-", f"{owner.project}-{owner.environment}".lower()).strip("-")[:60]
    return f"{readable}-{hashlib.sha256(repr(tuple(owner)).encode()).hexdigest()[:8]}".strip("-")


class BlockLedger(Ledger):
    """Reads and writes the block document of one owner."""

    def __init__(self, client: PrefectClient, owner: Owner) -> None:
        self.owner = owner
        self._client, self._name = client, document_name(owner)
        self._id: str | None = None

    async def read(self) -> Inventory:
        """Read it. Raises ReaderError for a document that is no inventory."""
        document = await self._read()
        if document is None:
            return Inventory(self.owner, DigestKey(Sealed(secrets.token_hex(_KEY_BYTES))))
        self._id = document["id"]
        return _inventory(document)

    async def everybody(self) -> Sequence[Inventory]:
        """One listing, without secrets."""
        body = {
            "block_types": {"slug": {"any_": [SLUG]}},
            "block_documents": {"is_anonymous": {"eq_": False}},
            "include_secrets": False,
            "sort": "BLOCK_TYPE_AND_NAME_ASC",
        }
        return [_inventory(document) for document in await self._client.listing("/block_documents/filter", body)]

    async def write(self, inventory: Inventory) -> Inventory:
        """PATCH the document, or make it."""
        written = replace(inventory, serial=inventory.serial + 1)
        if self._id is None:
            self._id = await send(lambda: self._create(written), self._arrived)
        else:
            await self._client.patch(f"/block_documents/{self._id}", {"data": {"content": _text(written)}})
        return written

    async def _read(self) -> Mapping[str, Any] | None:
        path = f"/block_types/slug/{SLUG}/block_documents/name/{self._name}"
        try:
            found: Mapping[str, Any] = await self._client.get(path, {"include_secrets": "true"})
        except NotFound:
            return None
        return found

    async def _arrived(self) -> str | None:
        document = await self._read()
        return None if document is None else str(document["id"])

    async def _create(self, inventory: Inventory) -> str:
        type_id = await self._type_id()
        # The same schema again gets the same id.
        schema = await self._client.post_twice("/block_schemas/", {"block_type_id": type_id, "fields": _FIELDS})
        document = {
            "name": self._name,
            "block_type_id": type_id,
            "block_schema_id": schema["id"],
            "data": {"content": _text(inventory), "digest_key": inventory.digests.sealed},
        }
        return str((await self._client.post("/block_documents/", document))["id"])

    async def _type_id(self) -> str:
        path = f"/block_types/slug/{SLUG}"
        try:
            return str((await self._client.get(path))["id"])
        except NotFound:
            pass
        try:
            return str((await self._client.post_twice("/block_types/", _TYPE))["id"])
        except Conflict:  # another project's apply made it meanwhile, or a lost answer of ours
            return str((await self._client.get(path))["id"])
