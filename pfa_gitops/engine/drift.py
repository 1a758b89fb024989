"""Compares what is live with what was last applied. What the manifests say now plays no part. Reads only."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from pfa_gitops.engine.diff import diff
from pfa_gitops.engine.observe import observe
from pfa_gitops.engine.ownership import manifest_of
from pfa_gitops.engine.planning import World
from pfa_gitops.model.drift import Drift, DriftReport
from pfa_gitops.model.values import Live, Manifest
from pfa_gitops.platforms.base import FieldRules


async def read_drift(world: World, notices: Sequence[str] = ()) -> DriftReport:
    """Read what drifted. Raises PlatformError."""
    entries = sorted(world.inventory.entries.items())
    applied = [
        manifest_of(address, entry, world.inventory, world.kinds) for address, entry in entries if not entry.pending
    ]
    lives = (await observe(applied, world.kinds, world.clients)).lives
    found = (
        _drift(manifest, lives.get(manifest.key), world.kinds[manifest.address.kind].rules) for manifest in applied
    )
    drifts = tuple(drift for drift in found if drift is not None)
    return DriftReport(world.inventory.owner.environment, len(applied), drifts, tuple(notices))


def _drift(applied: Manifest[Any], live: Live[Any] | None, rules: FieldRules) -> Drift | None:
    if live is None:
        return Drift(applied.address, gone=True)
    fields = diff(applied, live, rules).fields
    if not fields:
        return None
    turned = tuple(replace(field, before=field.after, after=field.before) for field in fields)
    return Drift(applied.address, turned, touched=live.touched)
