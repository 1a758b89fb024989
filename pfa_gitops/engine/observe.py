"""Asks the platforms what is there: every kind that the manifests name, all at the same time. Reads only."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from pfa_gitops.engine.readings import Clients, Kinds, ask_platforms, raise_failures
from pfa_gitops.model.errors import Problem
from pfa_gitops.model.values import Key, Live, Manifests


class Observed(NamedTuple):
    """What is live of what the manifests want, and what stands in the way of writing it."""

    lives: Mapping[Key, Live[Any]]
    problems: Sequence[Problem]


async def observe(manifests: Manifests, kinds: Kinds, clients: Clients) -> Observed:
    """Read the live side of `manifests`. Raises what each platform failed with, told together."""
    seen, failures = await ask_platforms(
        manifests, kinds, clients, lambda kind, client, wanted: kind.observe(client, wanted)
    )
    raise_failures(failures)
    lives = {live.key: live for observation in seen for live in observation.lives}
    return Observed(lives, [problem for observation in seen for problem in observation.problems])
