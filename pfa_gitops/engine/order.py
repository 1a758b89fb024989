"""Puts manifests in the order in which they are written: what is referred to comes first. Pure."""

from collections.abc import Sequence
from graphlib import TopologicalSorter
from typing import Any

from pfa_gitops.model.places import Address
from pfa_gitops.model.values import Change, Manifest, Manifests


def graph(items: Sequence[Manifest[Any] | Change]) -> TopologicalSorter[Address]:
    """Return the graph of what must come before what, among `items` only. Cycles were refused by link."""
    known = {item.address for item in items}
    return TopologicalSorter({item.address: sorted(targets(item) & known) for item in items})


def targets(item: Manifest[Any] | Change) -> set[Address]:
    """The addresses that `item` refers to."""
    manifest = item.desired if isinstance(item, Change) else item
    return {reference.target for reference in manifest.references} if manifest else set()


def ordered(manifests: Manifests) -> list[Manifest[Any]]:
    """Return the manifests in an order that holds, the same for the same input: by wave, then kind, then name."""
    by_address = {manifest.address: manifest for manifest in manifests}
    sorter = graph(manifests)
    sorter.prepare()
    result: list[Manifest[Any]] = []
    while sorter.is_active():
        wave = sorted(sorter.get_ready())
        result += [by_address[address] for address in wave]
        sorter.done(*wave)
    return result
