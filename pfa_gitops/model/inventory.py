"""What a project owns in one environment, as it was last applied. Pure.

It is kept as JSON. Where a secret stood there is a keyed digest, so that a change of it is seen and its value is not.
"""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from pfa_gitops.model import history as applies
from pfa_gitops.model.places import Address, address
from pfa_gitops.model.plain import plain
from pfa_gitops.model.secrets import Digested, Sealed
from pfa_gitops.model.values import Key, Manifest, Owner, Spec

FORMAT = 1


class DigestKey:
    """The secret with which digests are made: without it nobody can try out what a digest stands for."""

    def __init__(self, key: Sealed) -> None:
        self.sealed = key

    def of(self, secret: Sealed) -> str:
        """A secret's digest, e.g. `sha256:9f86d0…`."""
        made = hmac.new(self.sealed.reveal().encode(), secret.reveal().encode(), hashlib.sha256)
        return f"sha256:{made.hexdigest()}"

    def digested(self, value: Any) -> Any:
        """`value` as plain JSON with a digest wherever a secret is sealed."""
        return self._digested(plain(value))

    def _digested(self, value: Any) -> Any:
        if isinstance(value, Sealed):
            return {DIGEST: self.of(value)}
        if isinstance(value, Digested):
            return {DIGEST: value.text}
        if isinstance(value, Mapping):
            return {key: self._digested(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self._digested(item) for item in value]
        return value

    def recalled(self, value: Any) -> Any:
        """The inverse of `digested`: what stood for a secret compares with the secret again."""
        if isinstance(value, Mapping):
            if value.keys() == {DIGEST}:
                return Digested(str(value[DIGEST]), self.of)
            return {key: self.recalled(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self.recalled(item) for item in value]
        return value


DIGEST = "$digest"


@dataclass(frozen=True)
class Entry:
    """One object that is ours."""

    key: Key
    applied: Mapping[str, Any]
    """The fields that its manifest named, as they were last written: plain JSON with digests for secrets."""
    id: str = ""
    """The platform's id. Empty while `pending`."""
    references: tuple[Address, ...] = ()
    """What its manifest referred to."""
    protect: bool = False
    pending: bool = False
    """It was about to be created. When the object is there, it is ours; when it is not, it never came to be."""
    instead_of: Key | None = None
    """The object by its former name, which goes once the new one is there."""


@dataclass(frozen=True)
class Inventory:
    """All that is ours. `serial` counts the times that it was written."""

    owner: Owner
    digests: DigestKey
    serial: int = 0
    entries: Mapping[Address, Entry] = field(default_factory=dict)
    history: tuple[applies.Applied, ...] = ()
    """The last applies, the newest at the end. Versions that know of no history read the rest all the same."""

    def with_entry(self, address: Address, entry: Entry) -> "Inventory":
        """The inventory with an object added, or changed."""
        return replace(self, entries={**self.entries, address: entry})

    def without(self, address: Address) -> "Inventory":
        """The inventory without an object."""
        return replace(self, entries={key: entry for key, entry in self.entries.items() if key != address})

    def applied(self, manifest: Manifest[Any], object_id: str, *, pending: bool = False) -> Entry:
        """The entry of an object that is as its manifest says."""
        references = tuple(dict.fromkeys(reference.target for reference in manifest.references))
        spec: Spec = manifest.spec
        return Entry(manifest.key, self.digests.digested(spec), object_id, references, manifest.protect, pending)


def to_json(inventory: Inventory) -> dict[str, Any]:
    """The inventory as a document, without the key of its digests."""
    return {
        "format": FORMAT,
        "project": inventory.owner.project,
        "environment": inventory.owner.environment,
        "serial": inventory.serial,
        "objects": {str(address): _entry_to_json(entry) for address, entry in sorted(inventory.entries.items())},
        "history": [applies.to_json(applied) for applied in inventory.history],
    }


def from_json(document: Mapping[str, Any], key: DigestKey) -> Inventory:
    """The inverse of `to_json`. Raises KeyError, TypeError or ValueError for what is no inventory."""
    if document["format"] != FORMAT:
        raise ValueError(f"format {document['format']!r}")
    entries = {address(text): _entry_from_json(item) for text, item in document["objects"].items()}
    owner = Owner(str(document["project"]), str(document["environment"]))
    past = tuple(applies.from_json(item) for item in document.get("history", ()))
    return Inventory(owner, key, int(document["serial"]), entries, past)


def _entry_to_json(entry: Entry) -> dict[str, Any]:
    made: dict[str, Any] = {"key": list(entry.key), "id": entry.id, "applied": entry.applied}
    if entry.references:
        made["references"] = [str(address) for address in entry.references]
    if entry.instead_of:
        made["instead_of"] = list(entry.instead_of)
    return made | {name: True for name in ("protect", "pending") if getattr(entry, name)}


def _entry_from_json(item: Mapping[str, Any]) -> Entry:
    return Entry(
        Key(*item["key"]),
        item["applied"],
        item["id"],
        tuple(address(text) for text in item.get("references", ())),
        protect=item.get("protect", False),
        pending=item.get("pending", False),
        instead_of=Key(*item["instead_of"]) if "instead_of" in item else None,
    )
