"""Puts manifests and changes in the order in which they are written. Pure.

What is referred to is written first. What is deleted goes after everything that referred to it.
"""

from collections.abc import Iterable, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter
from typing import Any

from pfa_gitops.model.places import Address
from pfa_gitops.model.values import Action, Change, Manifest, Manifests

Before = Mapping[Address, Sequence[Address]]
"""What must be done before each thing."""


def before(changes: Iterable[Change]) -> Before:
    """What must be done before each change, among these changes only.

    References of manifests go in no circle, as `link` refuses that. Former ones may: where an apply was killed, some
    are of that apply and some of the one before.
    """
    known = {change.address: change for change in changes}
    needed = {address: _targets(change.desired) & known.keys() for address, change in known.items()}
    for change in known.values():
        for target in change.former:
            # The one that referred to it goes first, or is written without the reference.
            if target in known and known[target].action is Action.DELETE:
                needed[target].add(change.address)
    return _without_circles({address: sorted(first - {address}) for address, first in needed.items()})


def _without_circles(needed: dict[Address, list[Address]]) -> Before:
    """The same with one of each circle waiting for none of it. What a platform refuses then, the next apply does."""
    while True:
        try:
            TopologicalSorter(needed).prepare()
        except CycleError as error:
            circle = set(error.args[1])
            first = min(circle)
            needed[first] = [address for address in needed[first] if address not in circle]
        else:
            return needed


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
