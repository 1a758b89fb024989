"""Manifests → linked Manifests: every reference leads somewhere, names the target as its platform does, and is noted.

Pure.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from graphlib import CycleError, TopologicalSorter
from typing import Any

from pfa_gitops.manifests.findings import Findings
from pfa_gitops.manifests.substitute import substitute
from pfa_gitops.model.closest import closest, did_you_mean
from pfa_gitops.model.errors import Problem
from pfa_gitops.model.places import Address, Path
from pfa_gitops.model.references import Embeds, ItemOf, Mention, NotAmong, RefTo, embedded, mentions
from pfa_gitops.model.values import Manifest, Reference

MOST_CIRCLES = 20
"""That are told at once."""


class Index:
    """The manifests by every name under which another one may refer to them."""

    def __init__(self, manifests: Iterable[Manifest[Any]]) -> None:
        self._by_name: dict[tuple[str, str], Manifest[Any]] = {}
        for manifest in manifests:
            self._by_name[manifest.address] = manifest
        for manifest in manifests:
            for kind in (manifest.address.kind, manifest.key.kind):
                self._by_name.setdefault((kind, manifest.key.name), manifest)
            self._by_name.setdefault((manifest.address.kind, manifest.platform_name), manifest)

    def find(self, kind: str, name: str) -> Manifest[Any] | None:
        """By `metadata.name` first, then by the platform's name."""
        return self._by_name.get((kind, name))

    def names(self, kind: str) -> list[str]:
        """All names of a kind, for a guess at what was meant."""
        return [name for known, name in self._by_name if known == kind]


def name_on_platform(target: Manifest[Any]) -> str:
    """What a reference to `target` reads: the name in its key, where its kind has keys of its own."""
    return target.key.name if target.key.kind == target.address.kind else target.platform_name


def link(manifests: Sequence[Manifest[Any]], external: Sequence[str], findings: Findings) -> list[Manifest[Any]]:
    """Return the manifests with their references resolved; what leads nowhere or in a circle goes to `findings`."""
    linker = Linker(Index(manifests), external, findings)
    linked = [linker.link(manifest) for manifest in manifests]
    findings.add(_cycles(linked))
    return linked


@dataclass(frozen=True)
class Found:
    """Where a mention leads, and what it must read."""

    target: Manifest[Any]
    text: str


class Linker:
    """Resolves mentions against the index; notes what is missing."""

    def __init__(self, index: Index, external: Sequence[str], findings: Findings) -> None:
        self._index = index
        self._external = external
        self._findings = findings

    def link(self, manifest: Manifest[Any]) -> Manifest[Any]:
        """Return `manifest` with platform names in its references, and the references noted."""
        spec, references = manifest.spec, []
        found_here = list(mentions(manifest.spec))
        by_place = {one.path: one for one in found_here if isinstance(one.marker, RefTo)}
        for mention in found_here:
            if isinstance(mention.marker, ItemOf):
                references += self._item(manifest, mention, mention.marker, by_place)
                continue
            if isinstance(mention.marker, NotAmong):
                self._findings.add(self._declared_twice(manifest, mention, mention.marker, by_place))
                continue
            for found in self._resolve(manifest, mention):
                if found.text != mention.text:
                    spec = substitute(spec, mention.path, found.text)
                references.append(_reference(mention, found.target))
        return replace(manifest, spec=spec, references=tuple(dict.fromkeys(references)))

    def _resolve(self, manifest: Manifest[Any], mention: Mention) -> Iterator[Found]:
        """Yield where the mention leads; a problem where it should lead somewhere and does not."""
        if isinstance(mention.marker, Embeds):
            yield from self._embedded(mention, mention.marker)
            return
        assert isinstance(mention.marker, RefTo)  # noqa: S101 - for mypy: the only other marker
        match = re.fullmatch(mention.marker.pattern, mention.text)
        if match is None:
            return
        target = self._index.find(mention.marker.kind, match["name"])
        if target is None:
            self._findings.add(self._missing(manifest, mention, mention.marker, match["name"]))
        else:
            start, end = match.span("name")
            yield Found(target, mention.text[:start] + name_on_platform(target) + mention.text[end:])

    def _embedded(self, mention: Mention, marker: Embeds) -> Iterator[Found]:
        """Placeholders stay as they are: they are the platform's own, and name what may be anywhere."""
        for name in embedded(marker, mention.text):
            dotted = name.replace(".", "/", 1)
            if target := self._index.find(marker.kind, name) or self._index.find(marker.kind, dotted):
                yield Found(target, mention.text)

    def _missing(self, manifest: Manifest[Any], mention: Mention, marker: RefTo, name: str) -> Iterator[Problem]:
        address = Address(marker.kind, name)
        if marker.optional or self._findings.may_be(marker.kind, name):
            return
        if any(fnmatchcase(str(address), pattern) for pattern in self._external):
            return
        near = closest(name, self._index.names(marker.kind))
        guess = f"did you mean `{near}`? Otherwise " if near else ""
        mend = f"{guess}declare it, or list {address} under spec.external in pfa-gitops.yaml"
        yield manifest.problem(mention.path, f"no manifest declares {address}", mend)

    def _item(
        self, manifest: Manifest[Any], mention: Mention, marker: ItemOf, beside: Mapping[Path, Mention]
    ) -> list[Reference]:
        """A reference where a manifest declares the item by itself; else the owner's list must have it."""
        sibling = _sibling(beside, mention, marker.sibling)
        owner = self._target(sibling) if sibling else None
        owners = [sibling.text] if sibling else []
        owners += [owner.address.name, owner.key.name] if owner else []
        for name in owners:
            if apart := self._index.find(marker.kind, f"{name}/{mention.text}"):
                return [Reference(mention.path, apart.address)]
        self._findings.add(_check_item(manifest, mention, marker, owner))
        return []

    def _declared_twice(
        self, manifest: Manifest[Any], mention: Mention, marker: NotAmong, beside: Mapping[Path, Mention]
    ) -> Iterator[Problem]:
        """Two manifests would write one item against each other."""
        owner = self._target(beside[mention.path])
        if owner is not None and manifest.platform_name in {item.name for item in getattr(owner.spec, marker.items)}:
            message = f"{owner.address} declares `{manifest.platform_name}` among its {marker.items} too"
            yield manifest.problem((), message, "keep one of the two")

    def _target(self, mention: Mention) -> Manifest[Any] | None:
        """The manifest that a reference names, where one does."""
        assert isinstance(mention.marker, RefTo)  # noqa: S101 - for mypy: the only marker that is asked for
        match = re.fullmatch(mention.marker.pattern, mention.text)
        return self._index.find(mention.marker.kind, match["name"]) if match else None


def _sibling(beside: Mapping[Path, Mention], mention: Mention, name: str) -> Mention | None:
    """The reference in the field of this name; the nearest one around the mention counts."""
    for depth in range(len(mention.path) - 1, -1, -1):
        if (sibling := beside.get((*mention.path[:depth], name))) is not None:
            return sibling
    return None


def _check_item(
    manifest: Manifest[Any], mention: Mention, marker: ItemOf, owner: Manifest[Any] | None
) -> Iterator[Problem]:
    """An item can be judged where the owner is declared here and lists its items."""
    items = getattr(owner.spec, marker.items, None) if owner else None
    if owner is None or items is None or marker.items not in owner.spec.model_fields_set:
        return
    if mention.text not in marker.always and all(item.name != mention.text for item in items):
        names = {item.name for item in items} | marker.always
        mend = did_you_mean(mention.text, names, f"add it to the {marker.items} of {owner.address}")
        message = f"{owner.address} declares no `{mention.text}` among its {marker.items}"
        yield manifest.problem(mention.path, message, mend)


def _reference(mention: Mention, target: Manifest[Any]) -> Reference:
    rewritten_on = mention.marker.rewritten_on if isinstance(mention.marker, RefTo) else frozenset()
    return Reference(mention.path, target.address, rewritten_on)


def _cycles(manifests: Sequence[Manifest[Any]]) -> Iterator[Problem]:
    """Each circle of references once, and no more than a reader takes in: each costs a walk through all manifests."""
    by_address = {manifest.address: manifest for manifest in manifests}
    graph = {address: [item.target for item in manifest.references] for address, manifest in by_address.items()}
    for _ in range(MOST_CIRCLES):
        if not (circle := _circle(graph)):
            return
        holder = by_address[circle[0]]
        path = next(item.path for item in holder.references if item.target == circle[1])
        shown = " → ".join(str(address) for address in circle)
        message = f"{circle[0]} refers to itself" if len(circle) == 2 else f"the references go in a circle: {shown}"  # noqa: PLR2004 - itself twice
        yield holder.problem(path, message, "take one of these references out")
        graph = {address: targets for address, targets in graph.items() if address not in circle}


def _circle(graph: Mapping[Address, Sequence[Address]]) -> list[Address]:
    """One circle, from the first address by name, in the direction of the references."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        circle: list[Address] = list(reversed(error.args[1]))[:-1]
        start = circle.index(min(circle))
        return [*circle[start:], *circle[:start], circle[start]]
    return []
