"""Asks the platforms for everything that is there, and tells whose it is. Reads only."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pfa_gitops.engine.ownership import owners_by_id
from pfa_gitops.engine.readings import Clients, ask_kinds
from pfa_gitops.model.errors import PfaError
from pfa_gitops.model.inventory import Entry, Inventory
from pfa_gitops.model.places import Address
from pfa_gitops.model.references import NotAmong, RefTo
from pfa_gitops.model.unmanaged import Stray, StraysReport
from pfa_gitops.model.values import Key, Manifest, Manifests, Owner
from pfa_gitops.platforms.base import Found, Kind


@dataclass(frozen=True)
class Claimed:
    """One object that is there, and who claims it."""

    found: Found[Any]
    owner: Owner | None = None
    """The project that it belongs to; None where it is nobody's."""
    declared: Address | None = None
    """The manifest of this project that names it."""

    @property
    def key(self) -> Key:
        """Its name on the platform."""
        return self.found.manifest.key


async def read_claimed(
    kinds: Iterable[Kind[Any, Any]], clients: Clients, inventories: Sequence[Inventory], manifests: Manifests
) -> tuple[list[Claimed], list[PfaError]]:
    """Everything of these kinds, by kind and name, and what each platform failed with."""
    answers, failures = await ask_kinds(kinds, clients, lambda kind, client, _: kind.discover(client))
    owners, by_id = _owners(inventories), owners_by_id(inventories)
    declared = {manifest.key: manifest.address for manifest in manifests}
    found = sorted((one for answer in answers for one in answer), key=lambda one: one.manifest.key)
    whose = [by_id.get(one.id) or _owner(one, owners) for one in found]
    pairs = zip(found, whose, strict=True)
    return [Claimed(one, owner, declared.get(one.manifest.key)) for one, owner in pairs], failures


Owners = Mapping[Key, tuple[Owner, Entry]]


def _owners(inventories: Iterable[Inventory]) -> Owners:
    return {entry.key: (one.owner, entry) for one in inventories for entry in one.entries.values()}


def _owner(found: Found[Any], owners: Owners) -> Owner | None:
    """What an inventory says, else what the object itself says, else whose it is a part of."""
    if (known := owners.get(found.manifest.key)) is not None:
        return known[0]
    return found.owner or _owner_of_whole(found.manifest, owners)


def _owner_of_whole(manifest: Manifest[Any], owners: Owners) -> Owner | None:
    """An item of an object's list, e.g. a queue of a pool, is whose manifest lists it."""
    for whole, items in wholes(manifest):
        owner, entry = owners.get(whole, (None, None))
        if entry is not None and manifest.platform_name in {item.get("name") for item in entry.applied.get(items, ())}:
            return owner
    return None


def wholes(manifest: Manifest[Any]) -> Iterable[tuple[Key, str]]:
    """The objects that this one is an item of, each with the field of theirs that lists it."""
    for name, field in type(manifest.spec).model_fields.items():
        kinds = [marker.kind for marker in field.metadata if isinstance(marker, RefTo)]
        for marker in field.metadata:
            if isinstance(marker, NotAmong):
                yield from ((Key(kind, getattr(manifest.spec, name)), marker.items) for kind in kinds)


def strays(environment: str, claimed: Sequence[Claimed], failures: Sequence[PfaError], own: Owner) -> StraysReport:
    """What of it is not this project's. A platform that failed is told, and the other is shown all the same."""
    pools = {one.key for one in claimed if one.owner is None and not one.found.made_by}
    found = tuple(_stray(one) for one in claimed if one.owner != own and not _is_part(one, pools))
    problems = tuple(problem for failure in failures for problem in failure.problems)
    code = max((failure.exit_code for failure in failures), default=0)
    return StraysReport(environment, found, problems=problems, exit_code=code)


def _is_part(one: Claimed, nobodys: set[Key]) -> bool:
    """A queue of a pool that is nobody's goes with the pool."""
    return one.owner is None and any(whole in nobodys for whole, _ in wholes(one.found.manifest))


def _stray(one: Claimed) -> Stray:
    found = one.found
    return Stray(one.key, found.id, found.page, found.made, found.touched, one.owner, found.made_by, one.declared)
