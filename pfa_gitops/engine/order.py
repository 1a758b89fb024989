"""Puts manifests and changes in the order in which they are written. Pure.

What is referred to is written first. What is deleted goes after everything that referred to it.
"""

from collections.abc import Iterable, Mapping, Sequence
from graphlib import TopologicalSorter
from typing import Any

from pfa_gitops.model.places import Address
from pfa_gitops.model.values import Action, Change, Manifest, Manifests

Before = Mapping[Address, Sequence[Address]]
"""What must be done before each thing."""


def before(changes: Iterable[Change]) -> Before:
    """What must be done before each change, among these changes only. Cycles were refused by link."""
    known = {change.address: change for change in changes}
    needed = {address: _targets(change.desired) & known.keys() for address, change in known.items()}
    for change in known.values():
        for target in change.former:
            # The one that referred to it goes first, or is written without the reference.
            if target in known and known[target].action is Action.DELETE:
                needed[target].add(change.address)
    return {address: sorted(first - {address}) for address, first in needed.items()}


def ordered(manifests: Manifests) -> list[Manifest[Any]]:
    """Return the manifests in an order that holds, the same for the same input: by wave, then kind, then name."""
    by_address = {manifest.address: manifest for manifest in manifests}
    needed = {address: sorted(_targets(manifest) & by_address.keys()) for address, manifest in by_address.items()}
    return [by_address[address] for address in _in_waves(needed)]


def deletes_in_order(deletes: Sequence[Change]) -> list[Change]:
    """Return the deletes in the reverse order of their former references."""
    by_address = {change.address: change for change in deletes}
    return [by_address[address] for address in _in_waves(before(deletes))]


def _targets(manifest: Manifest[Any] | None) -> set[Address]:
    return {reference.target for reference in manifest.references} if manifest else set()


def _in_waves(needed: Before) -> list[Address]:
    sorter = TopologicalSorter(needed)
    sorter.prepare()
    result: list[Address] = []
    while sorter.is_active():
        wave = sorted(sorter.get_ready())
        result += wave
        sorter.done(*wave)
    return result
