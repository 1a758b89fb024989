"""Whether what is live is what the manifests say, by the machinery of plans and without fetching a secret. Reads only.

A field that holds a secret is not compared, and its live value is not read: whether it differs is unknown.
"""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from pfa_gitops.engine.ownership import Claims, claims, conflicts, relocated
from pfa_gitops.engine.plan import make_plan
from pfa_gitops.engine.planning import World
from pfa_gitops.engine.readings import ask_platforms
from pfa_gitops.model.errors import PfaError
from pfa_gitops.model.places import Address
from pfa_gitops.model.secrets import holds_secret
from pfa_gitops.model.status import InSync, Sync
from pfa_gitops.model.values import Action, Change, Manifest, Manifests
from pfa_gitops.platforms.base import Observation

MOST_FIELDS = 5
"""Fields that differ and that a reason names."""
NOT_COMPARED = "its secrets are not compared: `pfa-gitops plan` does that"


@dataclass(frozen=True)
class Compared:
    """The manifests beside the live side."""

    syncs: tuple[Sync, ...]
    changes: Mapping[Address, Change]
    """What a plan would do to each manifest's object, but for secrets."""
    failures: Mapping[str, PfaError]
    """What each platform that could not be read failed with."""


async def compare(world: World, manifests: Manifests) -> Compared:
    """Compare all manifests, and what is ours and left them, with the live side."""
    inventory = relocated(world.inventory, manifests, world.moves)
    whole = claims(manifests, inventory, world.kinds)
    hidden = {manifest.address for manifest in whole.wanted if _hides(world, manifest)}
    former = {address: _bare(one) if _hides(world, one) else one for address, one in whole.former.items()}
    wanted = tuple(_bare(manifest) if manifest.address in hidden else manifest for manifest in whole.wanted)
    seen, failures = await _observe(world, [*former.values(), *wanted])
    lives = {live.key: live for one in seen for live in one.lives}
    found = Claims(wanted, former)
    plan = make_plan(found, lives, inventory, world.kinds)
    told = [problem for one in seen for problem in one.problems]
    why = {problem.address: problem.message for problem in (*told, *conflicts(found, lives, inventory))}
    why |= {address: NOT_COMPARED for address in hidden if address not in why}
    syncs = [_sync(change, world, failures, why, hidden) for change in plan.changes]
    changes = {change.address: change for change in plan.changes if change.desired is not None}
    ordered = tuple(sorted(syncs, key=lambda sync: sync.address))
    return Compared(ordered, _whole(changes, whole, hidden), failures)


def _hides(world: World, manifest: Manifest[Any]) -> bool:
    """Whether it holds a secret whose value, and not the reference to it, is what its platform keeps."""
    return world.kinds[manifest.address.kind].rules.resolves_secrets and holds_secret(manifest.spec)


def _bare(manifest: Manifest[Any]) -> Manifest[Any]:
    """The manifest without its fields that hold secrets, as if it did not name them."""
    spec = manifest.spec
    kept = {name: getattr(spec, name) for name in spec.model_fields_set if not holds_secret(getattr(spec, name))}
    return replace(manifest, spec=type(spec).model_construct(set(kept), **kept), applied={})


def _whole(changes: Mapping[Address, Change], found: Claims, hidden: set[Address]) -> Mapping[Address, Change]:
    """The changes, with the manifests as they are."""
    by_address = {manifest.address: manifest for manifest in found.wanted if manifest.address in hidden}
    return {
        address: replace(change, desired=by_address[address]) if address in by_address else change
        for address, change in changes.items()
    }


async def _observe(world: World, manifests: Manifests) -> tuple[list[Observation], Mapping[str, PfaError]]:
    """What each platform tells, and what those failed with that could not be read."""
    by_platform: dict[str, list[Manifest[Any]]] = {}
    for manifest in manifests:
        by_platform.setdefault(world.kinds[manifest.address.kind].platform, []).append(manifest)
    reads = (
        ask_platforms(group, world.kinds, world.clients, lambda kind, client, wanted: kind.observe(client, wanted))
        for group in by_platform.values()
    )
    answers = dict(zip(by_platform, await asyncio.gather(*reads), strict=True))
    seen = [one for told, _ in answers.values() for one in told]
    return seen, {platform: failed[0] for platform, (_, failed) in answers.items() if failed}


def _sync(
    change: Change,
    world: World,
    failures: Mapping[str, PfaError],
    why: Mapping[Address | None, str],
    hidden: set[Address],
) -> Sync:
    kind, address = world.kinds[change.address.kind], change.address
    page = kind.page(world.clients[kind.platform], change.live) if change.live else ""
    if (failure := failures.get(kind.platform)) is not None:
        return Sync(address, InSync.UNKNOWN, failure.message)
    if change.action is not Action.NONE or change.adopts:
        return Sync(address, InSync.NO, _difference(change, why), page)
    unclear = why.get(address)
    return Sync(address, InSync.UNKNOWN if unclear else InSync.YES, unclear or "", page)


def _difference(change: Change, why: Mapping[Address | None, str]) -> str:
    if change.action is Action.CREATE:
        return "it is not there"
    if change.action is Action.DELETE:
        return "it left the manifests, and is still there"
    if change.adopts:
        return why.get(change.address) or "it is not this project's yet"
    return _fields(str(name) for name in dict.fromkeys(field.path[0] for field in change.fields if field.path))


def _fields(names: Iterable[str]) -> str:
    told = list(names)
    more = f" and {len(told) - MOST_FIELDS} more" if len(told) > MOST_FIELDS else ""
    return f"differs in {', '.join(told[:MOST_FIELDS])}{more}"
