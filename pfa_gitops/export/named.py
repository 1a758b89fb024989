"""What each exported object is called in its manifest: `metadata.name`. Pure."""

from collections import Counter
from collections.abc import Collection, Sequence
from typing import Any

from pfa_gitops.convert.values import manifest_name
from pfa_gitops.model.places import Address
from pfa_gitops.model.values import Manifest


def addresses(manifests: Sequence[Manifest[Any]], taken: Collection[Address]) -> list[Address]:
    """An address for each that none of `taken` has: its own name, or with e.g. its flow where that is not enough."""
    own = Counter(_address(manifest, manifest.platform_name) for manifest in manifests)
    used = set(taken)
    found = []
    for manifest in manifests:
        address = _address(manifest, manifest.platform_name)
        if own[address] > 1 or address in used:
            address = _address(manifest, manifest.key.name.replace("/", "-"))
        address = _free(address, used)
        used.add(address)
        found.append(address)
    return found


def _address(manifest: Manifest[Any], name: str) -> Address:
    return Address(manifest.address.kind, manifest_name(name))


def _free(address: Address, used: Collection[Address]) -> Address:
    free, number = address, 2
    while free in used:
        free, number = Address(address.kind, f"{address.name}-{number}"), number + 1
    return free
