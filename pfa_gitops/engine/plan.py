"""Makes a Plan of manifests, what is live, and what is ours. Pure: what it needs was read before."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from pfa_gitops.engine.diff import diff
from pfa_gitops.engine.order import deletes_in_order, ordered
from pfa_gitops.engine.ownership import Claims, is_ours
from pfa_gitops.engine.readings import Kinds
from pfa_gitops.model.inventory import Inventory
from pfa_gitops.model.places import Address, Path
from pfa_gitops.model.values import Action, Change, FieldChange, Key, Live, Manifest, Plan, Reference, Spec

_MADE_ANEW = "the platform cannot rename it: it is made anew"
_BECOMES = {Action.UPDATE: "is updated", Action.REPLACE: "is replaced", Action.CREATE: "is created"}


def make_plan(
    found: Claims, lives: Mapping[Key, Live[Any]], inventory: Inventory, kinds: Kinds, notices: Sequence[str] = ()
) -> Plan:
    """Compare every manifest with its live side. The changes come in the order in which they are applied.

    Whose each object is was settled before: see `ownership.conflicts`.
    """
    changes: dict[Address, Change] = {}
    for manifest in ordered(found.wanted):
        change = _of_manifest(manifest, found, lives, inventory, kinds)
        changes[manifest.address] = _follow(change, changes)
    gone = {address: former for address, former in found.former.items() if address not in changes}
    deletes = [
        Change(address, Action.DELETE, live=lives[former.key], former=inventory.entries[address].references)
        for address, former in gone.items()
        if former.key in lives and not former.protect
    ]
    kept = [former for former in gone.values() if former.key in lives and former.protect]
    forgotten = tuple(sorted(address for address, former in gone.items() if former.key not in lives))
    return Plan(
        inventory.owner.environment,
        (*changes.values(), *deletes_in_order(deletes)),
        (*notices, *map(_kept, kept)),
        forgotten,
        protection=tuple(_protection(found.wanted, inventory)),
    )


def _protection(wanted: Sequence[Manifest[Any]], inventory: Inventory) -> Iterator[tuple[Address, bool]]:
    """What the manifests say otherwise than the inventory."""
    for manifest in wanted:
        entry = inventory.entries.get(manifest.address)
        if entry is not None and entry.protect != manifest.protect:
            yield manifest.address, manifest.protect


def _of_manifest(
    manifest: Manifest[Any], found: Claims, lives: Mapping[Key, Live[Any]], inventory: Inventory, kinds: Kinds
) -> Change:
    live, entry = lives.get(manifest.key), inventory.entries.get(manifest.address)
    kind = kinds[manifest.address.kind]
    rules = kind.rules
    former = entry.references if entry else ()
    renamed = found.former.get(manifest.address)
    if renamed is not None and (there := lives.get(renamed.key)) is not None:
        change = diff(manifest, there, rules)
        in_place = kind.renames and live is None and change.action is not Action.REPLACE
        name = FieldChange(("name",), renamed.key.name, manifest.key.name, None if in_place else _MADE_ANEW)
        action = Action.UPDATE if in_place else Action.REPLACE
        return replace(change, action=action, fields=(name, *change.fields), former=former)
    change = diff(manifest, live, rules)
    return replace(change, former=former, adopts=live is not None and not is_ours(manifest, inventory))


def _kept(former: Manifest[Any]) -> str:
    return (
        f"{former.address} left the manifests and is kept, as it is protected; "
        "to delete it, write it once more with `protect: false`, and apply"
    )


def _follow(change: Change, before: Mapping[Address, Change]) -> Change:
    """Write an object again when a change to what it refers to asks for that, e.g. a new compute config version."""
    if change.live is None or change.desired is None:
        return change
    forced = tuple(
        _forced(change, reference, before[reference.target])
        for reference in change.desired.references
        if reference.target in before and before[reference.target].action in reference.rewritten_on
    )
    named = {field.path for field in change.fields}
    fields = change.fields + tuple(field for field in forced if field.path not in named)
    action = Action.UPDATE if fields and change.action is Action.NONE else change.action
    return replace(change, action=action, fields=fields)


def _forced(change: Change, reference: Reference, cause: Change) -> FieldChange:
    value = _value_at(change.desired.spec if change.desired else None, reference.path)
    return FieldChange(reference.path, value, value, f"{reference.target} {_BECOMES[cause.action]}")


def _value_at(value: Any, path: Path) -> Any:
    for part in path:
        value = getattr(value, str(part)) if isinstance(value, Spec) else value[part]
    return value
