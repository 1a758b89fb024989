"""Tells what a plan does to flow runs: asks each kind about its changes. Reads only."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace

from pfa_gitops.engine.readings import Clients, Kinds
from pfa_gitops.model.impact import AffectedRun
from pfa_gitops.model.places import Address
from pfa_gitops.model.values import Change, Plan


async def with_impact(plan: Plan, kinds: Kinds, clients: Clients) -> Plan:
    """The plan with the flow runs that each change affects. A run that several affect is told at the first."""
    by_kind: dict[str, list[Change]] = {}
    for change in plan.pending:
        by_kind.setdefault(change.address.kind, []).append(change)

    async def ask(name: str, changes: Sequence[Change]) -> Mapping[Address, Sequence[AffectedRun]]:
        return await kinds[name].impact(clients[kinds[name].platform], changes)

    answers = await asyncio.gather(*(ask(name, changes) for name, changes in by_kind.items()))
    impacts = {address: runs for answer in answers for address, runs in answer.items()}
    told: set[str] = set()
    changes = []
    for change in plan.changes:
        runs = tuple(run for run in impacts.get(change.address, ()) if run.id not in told)
        told |= {run.id for run in runs}
        changes.append(replace(change, impact=runs) if runs else change)
    return replace(plan, changes=tuple(changes))
