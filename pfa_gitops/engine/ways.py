"""Which objects the flow runs of each deployment need: found by the references that specs declare. Pure."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from pfa_gitops.engine.readings import Kinds
from pfa_gitops.model.places import Address, Path
from pfa_gitops.model.plain import set_fields
from pfa_gitops.model.references import Embeds, ItemOf, Mention, RefTo, embedded, mentions, named
from pfa_gitops.model.values import Manifest, Manifests, Spec

UNNAMED = ""
"""The item that whoever names none gets, e.g. a pool's default queue."""
UNDECLARED = " (no manifest)"
"""Ends the address of an object that is called like the manifest of another one."""


class Need(NamedTuple):
    """One object that is referred to."""

    target: Address
    places: tuple[Path, ...]
    """Where in the spec it stands, and what would count instead of that."""
    item: str = UNNAMED
    """The one of its items that is meant, e.g. a version."""


@dataclass
class Needs:
    """What one manifest refers to, declared or not."""

    needed: list[Need] = field(default_factory=list)
    overlaid: dict[Address, frozenset[Path]] = field(default_factory=dict)
    """The places in a target's spec that do not count for it: it lays values of its own over them."""
    served: set[Address] = field(default_factory=set)
    """Those whose work it does."""
    items: dict[Address, set[str]] = field(default_factory=dict)
    """The items of a target that it names."""
    apart: set[tuple[Address, str]] = field(default_factory=set)
    """Those of them that have a manifest of their own."""

    def targets(self, overlaid: Set[Path] = frozenset()) -> Mapping[Address, set[str]]:
        """The objects with those of their items that are needed, but for what stands at places that are overlaid."""
        found: dict[Address, set[str]] = {}
        for one in self.needed:
            if not any(is_below(place, overlaid) for place in one.places):
                named = self.items.get(one.target)
                found.setdefault(one.target, set()).add(min(named) if named else one.item)
        return found


Find = Callable[[Address], Address]
"""Tells the address of what has a name on the platform: that of its manifest, else that name."""


def needs(manifest: Manifest[Any], kinds: Kinds, find: Find) -> Needs:
    """What a manifest refers to. What no manifest declares is found by its name."""
    found, declared = Needs(), _by_path(manifest)
    places: dict[Path, Address] = {}
    items: list[tuple[Mention, ItemOf]] = []
    for mention in mentions(manifest.spec):
        marker = mention.marker
        if isinstance(marker, ItemOf):
            items.append((mention, marker))
        elif isinstance(marker, Embeds) and marker.kind in kinds:
            # The platform goes by the name that an object has there, whatever its manifest is called.
            called = embedded(marker, mention.text)
            found.needed += [Need(find(Address(marker.kind, name)), (mention.path,)) for name in called]
        elif isinstance(marker, RefTo) and marker.kind in kinds:
            for need in _referred(mention, marker, declared.get(mention.path, ())):
                found.needed.append(need)
                places.setdefault(mention.path, need.target)
                if marker.serves:
                    found.served.add(need.target)
                if marker.overlaid_by:
                    found.overlaid[need.target] = frozenset(_given(getattr(manifest.spec, marker.overlaid_by)))
    for mention, marker in items:
        apart = next((one for one in declared.get(mention.path, ()) if one.kind == marker.kind), None)
        if apart is not None:
            found.needed.append(Need(apart, (mention.path,)))
        if (owner := _beside(places, mention.path, marker.sibling)) is not None:
            names = found.items.setdefault(owner, set())
            names |= {mention.text, UNNAMED} if mention.text in marker.always else {mention.text}
            found.apart |= {(owner, mention.text)} if apart is not None else set()
    return found


def _by_path(manifest: Manifest[Any]) -> Mapping[Path, list[Address]]:
    by_path: dict[Path, list[Address]] = {}
    for reference in manifest.references:
        by_path.setdefault(reference.path, []).append(reference.target)
    return by_path


def is_below(place: Path, overlaid: Set[Path]) -> bool:
    """Whether a place in a spec is overlaid, or is inside of what is."""
    return any(place[:depth] in overlaid for depth in range(1, len(place) + 1)) if overlaid else False


def _given(overlay: Spec | None) -> Iterator[Path]:
    """The places that an overlay has values for. A mapping takes the place of single keys; null of nothing."""
    for name in set_fields(overlay) if overlay else ():
        value = getattr(overlay, name)
        if isinstance(value, Mapping):
            yield from ((name, str(key)) for key in value)
        elif value is not None:
            yield (name,)


def _referred(mention: Mention, marker: RefTo, declared: Iterable[Address]) -> Iterator[Need]:
    """The manifest that a reference leads to; else the object that it names."""
    if (read := named(marker, mention.text)) is not None:
        instead = ((*mention.path[:-1], marker.yields_to),) if marker.yields_to else ()
        for target in [one for one in declared if one.kind == marker.kind] or [Address(marker.kind, read.name)]:
            yield Need(target, (mention.path, *instead), read.item)


def _beside(places: Mapping[Path, Address], path: Path, sibling: str) -> Address | None:
    """What the field of this name refers to; the nearest one around a place counts."""
    found = (places.get((*path[:depth], sibling)) for depth in range(len(path) - 1, -1, -1))
    return next((one for one in found if one is not None), None)


def _finder(manifests: Manifests) -> Find:
    called = {Address(manifest.address.kind, manifest.key.name): manifest.address for manifest in manifests}
    declared = set(called.values())

    def find(named: Address) -> Address:
        undeclared = Address(named.kind, f"{named.name}{UNDECLARED}") if named in declared else named
        return called.get(named, undeclared)

    return find


@dataclass(frozen=True)
class Way:
    """All that the runs of one deployment need."""

    start: Address
    items: Mapping[Address, Set[str]]
    """Each object, with the items of it that they need."""
    apart: frozenset[tuple[Address, str]]
    overlaid: Mapping[Address, frozenset[Path]]
    """The places in objects' specs that do not count for these runs."""


class Ways:
    """The ways of all manifests: what each refers to is found out once."""

    def __init__(self, manifests: Manifests, kinds: Kinds) -> None:
        find = _finder(manifests)
        self.needs = {manifest.address: needs(manifest, kinds, find) for manifest in manifests}
        self.servers: dict[Address, list[Address]] = {}
        for address, found in self.needs.items():
            for target in found.served:
                self.servers.setdefault(target, []).append(address)

    def serves(self, server: Address, target: Address, item: str) -> bool:
        """Whether it does its work for an item of the target, too."""
        items = self.needs[server].items.get(target)
        return not items or item in items

    def of(self, start: Address) -> Way:
        """All that is reached from a deployment: what is referred to, and what does the work of that."""
        own = self.needs[start]
        items = {target: set(named) for target, named in own.targets().items()}
        waiting = [(target, item) for target, named in items.items() for item in named]
        while waiting:
            target, item = waiting.pop()
            for reached, needed in self._beyond(target, item, own.overlaid.get(target, frozenset())):
                known = items.get(reached)
                if reached != start and (known is None or (needed and needed not in known)):
                    items.setdefault(reached, set()).add(needed)
                    waiting.append((reached, needed))
        return Way(start, items, frozenset(own.apart), own.overlaid)

    def _beyond(self, target: Address, item: str, overlaid: Set[Path]) -> Iterator[tuple[Address, str]]:
        """What is needed as a target is, with an item of that: what it refers to, and what does its work."""
        if (found := self.needs.get(target)) is not None:
            for reached, named in found.targets(overlaid).items():
                yield from ((reached, one) for one in named if reached not in found.served)
        yield from ((one, UNNAMED) for one in self.servers.get(target, ()) if self.serves(one, target, item))
