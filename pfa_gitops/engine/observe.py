"""Asks the platforms what is there: every kind that the manifests name, all at the same time. Reads only."""

import asyncio
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any, NamedTuple

from pfa_gitops.model.errors import Problem
from pfa_gitops.model.values import Key, Live, Manifest, Manifests
from pfa_gitops.platforms.base import Kind, Observation

Kinds = Mapping[str, Kind[Any, Any]]
Clients = Mapping[str, Any]
"""An open client for each platform that a kind in use names."""


class Observed(NamedTuple):
    """What is live of what the manifests want, and what stands in the way of writing it."""

    lives: Mapping[Key, Live[Any]]
    problems: Sequence[Problem]


async def observe(manifests: Manifests, kinds: Kinds, clients: Clients) -> Observed:
    """Read the live side of `manifests`. Raises the first PlatformError; the other reads are then cancelled."""
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(_observe_kind(kinds[name], clients, wanted)) for name, wanted in _by_kind(manifests)
            ]
    except ExceptionGroup as failures:
        raise failures.exceptions[0] from None
    seen = [task.result() for task in tasks]
    lives = {live.key: live for observation in seen for live in observation.lives}
    return Observed(lives, [problem for observation in seen for problem in observation.problems])


def _by_kind(manifests: Manifests) -> list[tuple[str, list[Manifest[Any]]]]:
    ordered = sorted(manifests, key=lambda manifest: manifest.address)
    return [(name, list(group)) for name, group in groupby(ordered, key=lambda manifest: manifest.address.kind)]


async def _observe_kind(kind: Kind[Any, Any], clients: Clients, wanted: list[Manifest[Any]]) -> Observation:
    return await kind.observe(clients[kind.platform], wanted)
