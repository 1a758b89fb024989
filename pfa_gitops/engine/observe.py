"""Asks the platforms what is there: every kind that the manifests name, all at the same time. Reads only."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any, NamedTuple

from pfa_gitops.model.errors import FailedTogether, PfaError, Problem
from pfa_gitops.model.values import Key, Live, Manifest, Manifests
from pfa_gitops.platforms.base import Kind, Observation

Kinds = Mapping[str, Kind[Any, Any]]
Clients = Mapping[str, Any]
"""An open client for each platform that a kind in use names."""


class Reading(NamedTuple):
    """A kind, and the manifests whose live side it reads."""

    kind: Kind[Any, Any]
    wanted: list[Manifest[Any]]


class Observed(NamedTuple):
    """What is live of what the manifests want, and what stands in the way of writing it."""

    lives: Mapping[Key, Live[Any]]
    problems: Sequence[Problem]


async def observe(manifests: Manifests, kinds: Kinds, clients: Clients) -> Observed:
    """Read the live side of `manifests`. Raises what each platform failed with, told together."""
    platforms: dict[str, list[Reading]] = {}
    for name, wanted in _by_kind(manifests):
        platforms.setdefault(kinds[name].platform, []).append(Reading(kinds[name], wanted))
    reads = (_observe_platform(clients[name], readings) for name, readings in platforms.items())
    seen, failures = _parted(await asyncio.gather(*reads, return_exceptions=True))
    if failures:
        raise failures[0] if len(failures) == 1 else FailedTogether(failures)
    lives = {live.key: live for observation in seen for live in observation.lives}
    return Observed(lives, [problem for observation in seen for problem in observation.problems])


def _parted(answers: Iterable[list[Observation] | BaseException]) -> tuple[list[Observation], list[PfaError]]:
    """What was seen, and what failed. A defect is raised at once."""
    seen: list[Observation] = []
    failures: list[PfaError] = []
    for answer in answers:
        if isinstance(answer, PfaError):
            failures.append(answer)
        elif isinstance(answer, BaseException):
            raise answer
        else:
            seen += answer
    return seen, failures


def _by_kind(manifests: Manifests) -> list[tuple[str, list[Manifest[Any]]]]:
    ordered = sorted(manifests, key=lambda manifest: manifest.address)
    return [(name, list(group)) for name, group in groupby(ordered, key=lambda manifest: manifest.address.kind)]


async def _observe_platform(client: Any, readings: Iterable[Reading]) -> list[Observation]:
    """Read all kinds of one platform. Raises the first failure, which the others most likely share: they end then."""
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(kind.observe(client, wanted)) for kind, wanted in readings]
    except ExceptionGroup as failed:
        raise failed.exceptions[0] from None
    return [task.result() for task in tasks]
