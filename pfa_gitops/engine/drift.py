"""Compares what is live with what was last applied. What the manifests say now plays no part. Reads only."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from pfa_gitops.engine.diff import diff
from pfa_gitops.engine.observe import observe
from pfa_gitops.engine.ownership import manifest_of
from pfa_gitops.engine.planning import World
from pfa_gitops.engine.readings import ask_platforms, raise_failures
from pfa_gitops.engine.taint import without_secrets
from pfa_gitops.model.drift import Drift, DriftReport
from pfa_gitops.model.places import Address
from pfa_gitops.model.values import Key, Live, Manifest, Touch
from pfa_gitops.platforms.base import FieldRules, Kind


async def read_drift(world: World, notices: Sequence[str] = ()) -> DriftReport:
    """Read what drifted. Raises PlatformError."""
    entries = sorted(world.inventory.entries.items())
    applied = [
        manifest_of(address, entry, world.inventory, world.kinds) for address, entry in entries if not entry.pending
    ]
    lives = (await observe(applied, world.kinds, world.clients)).lives
    found = [
        _drift(manifest, lives.get(manifest.key), world.kinds[manifest.address.kind].rules) for manifest in applied
    ]
    known = world.known()
    drifts = {
        drift.address: replace(drift, fields=without_secrets(drift.fields, known))
        for drift in found
        if drift is not None
    }
    drifted = [manifest for manifest in applied if manifest.address in drifts]
    touches = await _last_changes(world, drifted, lives, drifts)
    told = tuple(replace(drift, touched=touches.get(address, drift.touched)) for address, drift in drifts.items())
    return DriftReport(world.inventory.owner.environment, len(applied), told, tuple(notices))


def _drift(applied: Manifest[Any], live: Live[Any] | None, rules: FieldRules) -> Drift | None:
    if live is None:
        return Drift(applied.address, gone=True)
    fields = diff(applied, live, rules).fields
    if not fields:
        return None
    turned = tuple(replace(field, before=field.after, after=field.before) for field in fields)
    return Drift(applied.address, turned, touched=live.touched)


async def _last_changes(
    world: World, drifted: Sequence[Manifest[Any]], lives: Mapping[Key, Live[Any]], drifts: Mapping[Address, Drift]
) -> Mapping[Address, Touch | None]:
    """When each was changed and by whom, as far as the platforms keep their past."""

    async def ask(kind: Kind[Any, Any], client: Any, wanted: Sequence[Manifest[Any]]) -> Mapping[Address, Touch | None]:
        # What is gone has its id in the inventory only. What was made anew since has another one there.
        ids = {lives.get(one.key, world.inventory.entries[one.address]).id: one.address for one in wanted}
        fields = {one: {str(field.path[0]) for field in drifts[address].fields} for one, address in ids.items()}
        touches = await kind.last_changes(client, fields)
        return {ids[one]: touch for one, touch in touches.items()}

    answers, failures = await ask_platforms(drifted, world.kinds, world.clients, ask)
    raise_failures(failures)
    return {address: touch for answer in answers for address, touch in answer.items()}
