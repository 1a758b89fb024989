"""Decides whose an object is, before anything is planned for it. Pure.

What the inventory does not name is not ours: nobody changes or deletes it until somebody says that it becomes ours.
"""

from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, field, replace
from typing import Any

from pydantic import ValidationError

from pfa_gitops.engine.readings import Kinds
from pfa_gitops.engine.resets import with_resets
from pfa_gitops.model.errors import Problem
from pfa_gitops.model.inventory import Entry, Inventory
from pfa_gitops.model.places import Address, Path
from pfa_gitops.model.plain import plain
from pfa_gitops.model.values import RESTORED, Key, Live, Manifest, Manifests, NamedSpec, Owner
from pfa_gitops.platforms.base import Kind


@dataclass(frozen=True)
class Claims:
    """What the manifests want and what the inventory still holds, brought together."""

    wanted: tuple[Manifest[Any], ...]
    """The manifests, with the default in each field that they name no more: see `resets`."""
    former: Mapping[Address, Manifest[Any]] = field(default_factory=dict)
    """What is ours and no manifest wants any more, as it was last applied; also an object by its former name."""

    def keys(self, manifest: Manifest[Any]) -> tuple[Key, ...]:
        """The names by which a manifest's object may be there: its own, and the one that it had before."""
        former = self.former.get(manifest.address)
        return (manifest.key, former.key) if former else (manifest.key,)


def claims(manifests: Manifests, inventory: Inventory, kinds: Kinds) -> Claims:
    """Put the manifests beside the inventory's entries."""
    entries = inventory.entries
    wanted = tuple(
        with_resets(manifest, entries[manifest.address].applied, kinds[manifest.address.kind].rules)
        if manifest.address in entries
        else manifest
        for manifest in manifests
    )
    keys = {manifest.address: manifest.key for manifest in manifests}
    left = {address: _left(entry, keys.get(address)) for address, entry in entries.items()}
    former = {address: manifest_of(address, entry, inventory, kinds) for address, entry in left.items() if entry}
    return Claims(wanted, former)


def _left(entry: Entry, wanted: Key | None) -> Entry | None:
    """What is to go of an entry: the object, or the one whose place it took when that apply was killed."""
    if entry.instead_of is not None:
        return replace(entry, key=entry.instead_of)
    return None if entry.key == wanted else entry


def manifest_of(address: Address, entry: Entry, inventory: Inventory, kinds: Kinds) -> Manifest[Any]:
    """An entry as the manifest that it was applied from; digests stand where secrets stood."""
    model, applied = kinds[address.kind].spec, inventory.digests.recalled(entry.applied)
    try:
        spec = model.model_validate(applied, context=RESTORED)
    except ValidationError:  # another version of this package wrote it
        spec = model.model_construct(set(applied), **applied)
    named = _as_called(spec, address, entry.key, kinds[address.kind])
    return Manifest(address, named, entry.key, protect=entry.protect, applied=entry.applied)


def _as_called(spec: Any, address: Address, key: Key, kind: Kind[Any, Any]) -> Any:
    """The spec with the name in its key: what was moved has another address by now, what was renamed another name."""
    if kind.key(address.name, spec) == key or not isinstance(spec, NamedSpec):
        return spec
    names = (key.name, key.name.rpartition("/")[2])
    called = [spec.model_copy(update={"name": name}) for name in names]
    return next((one for one in called if kind.key(address.name, one) == key), spec)


def unknown_kinds(inventory: Inventory, kinds: Kinds) -> Iterator[Problem]:
    """Objects that another version of this package made."""
    for address in inventory.entries:
        if address.kind not in kinds:
            message = f"the inventory has {address}, of a kind that this version does not know"
            yield Problem(message, "use the version of pfa-gitops that made it", address=address)


def conflicts(found: Claims, lives: Mapping[Key, Live[Any]], inventory: Inventory) -> Iterator[Problem]:
    """Objects that are there, that manifests want, and that are not ours."""
    for manifest in found.wanted:
        live = lives.get(manifest.key)
        if live is not None and not is_ours(manifest, inventory):
            yield from _conflict(manifest, live, found, inventory)


def left_behind(found: Claims, lives: Mapping[Key, Live[Any]], inventory: Inventory, kinds: Kinds) -> Iterator[Problem]:
    """Objects that were made in another place than their manifests name now, where nobody would look any more."""
    for manifest in found.wanted:
        entry = inventory.entries.get(manifest.address)
        if entry is not None and not entry.pending and entry.key == manifest.key and manifest.key not in lives:
            yield from _left_behind(manifest, entry, kinds[manifest.address.kind].rules.place)


def _left_behind(manifest: Manifest[Any], entry: Entry, place: Set[str]) -> Iterator[Problem]:
    now = plain(manifest.spec)
    for dotted in sorted(place):
        path = tuple(dotted.split("."))
        was, wanted = (_value_at(side, path) for side in (entry.applied, now))
        if was != wanted:
            field, former = path[-1], was or "(the default)"
            message = f"{manifest.address} was made in the {field} {former}, and would stay there beside a new one"
            yield manifest.problem(
                path, message, "take its manifest out and apply, so that it goes; then write it again"
            )


def _value_at(value: Any, path: Path) -> Any:
    for part in path:
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


def owners_by_id(inventories: Iterable[Inventory]) -> Mapping[str, Owner]:
    """Whose the objects are, by their ids: two projects on two Anyscale clouds may have objects of one name."""
    return {entry.id: one.owner for one in inventories for entry in one.entries.values() if entry.id}


def is_ours(manifest: Manifest[Any], inventory: Inventory) -> bool:
    """Whether the inventory has the object by the name that the manifest gives it."""
    entry = inventory.entries.get(manifest.address)
    return entry is not None and entry.key == manifest.key


def _conflict(manifest: Manifest[Any], live: Live[Any], found: Claims, inventory: Inventory) -> Iterator[Problem]:
    what = f"the {manifest.key.kind} {manifest.key.name} exists"
    former = found.former.get(manifest.address)
    if live.owner is not None and live.owner != inventory.owner:
        message, mend = f"{what} and belongs to {live.owner}", "use another name, or remove it from that project"
    elif former is not None:
        message = f"{what}, and so does {former.key.name}, which it is to replace"
        mend = f"apply once without {manifest.address}, so that {former.key.name} goes; then adopt the other one"
    elif manifest.adopt:
        return
    else:
        message = f"{what} and is not this project's"
        mend = (
            f"`adopt: true` under metadata or `pfa-gitops import {manifest.address}` takes it over; or rename this one"
        )
    yield Problem(message, mend, manifest.origins.at(("metadata", "name")), manifest.address)


def relocated(inventory: Inventory, manifests: Manifests, moves: Mapping[Address, Address]) -> Inventory:
    """The inventory with each object under the address of the manifest that names it now.

    Another `metadata.name` with the same name on the platform is the same object. `moves` tells by former address what
    got another name there, too. A move that was made before means nothing.
    """
    declared = {manifest.address for manifest in manifests}
    entries = _taken_apart(inventory.entries, {manifest.address: manifest.key for manifest in manifests})
    for former, new in moves.items():
        if former in entries and former not in declared and new in declared and new not in entries:
            entries[new] = entries.pop(former)
    left = {entry.key: address for address, entry in entries.items() if address not in declared}
    for manifest in manifests:
        place = left.get(manifest.key)
        if place is not None and manifest.address not in entries:
            entries[manifest.address] = entries.pop(place)
    return replace(inventory, entries=entries)


def _taken_apart(entries: Mapping[Address, Entry], wanted: Mapping[Address, Key]) -> dict[Address, Entry]:
    """An apply was killed between two names of an object, and the new one is wanted no more: both may be there."""
    apart: dict[Address, Entry] = {}
    for address, entry in entries.items():
        apart[address] = entry
        if entry.instead_of is not None and wanted.get(address) != entry.key:
            here, there = replace(entry, instead_of=None), replace(entry, key=entry.instead_of, instead_of=None)
            if wanted.get(address) == there.key:
                here, there = there, here
            apart |= {address: here, Address(address.kind, f"{address.name} (before)"): there}
    return apart
