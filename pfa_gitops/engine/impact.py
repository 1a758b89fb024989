"""Tells what a plan does to flow runs: asks each kind about its changes. Reads only."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from pfa_gitops.engine.readings import Clients, Kinds, ask_kinds, raise_failures
from pfa_gitops.model.impact import AffectedRun
from pfa_gitops.model.places import Address
from pfa_gitops.model.values import Change, Plan
from pfa_gitops.platforms.base import Kind


async def with_impact(plan: Plan, kinds: Kinds, clients: Clients) -> Plan:
    """The plan with the flow runs that each change affects. A run that several affect is told at the first."""
    by_kind: dict[str, list[Change]] = {}
    for change in plan.pending:
        by_kind.setdefault(change.address.kind, []).append(change)

    async def ask(kind: Kind[Any, Any], client: Any, _: object) -> Mapping[Address, Sequence[AffectedRun]]:
        return await kind.impact(client, by_kind[kind.name])

    answers, failures = await ask_kinds([kinds[name] for name in by_kind], clients, ask)
    raise_failures(failures)
    impacts = {address: runs for answer in answers for address, runs in answer.items()}
    told: set[str] = set()
    changes = []
    for change in plan.changes:
        runs = tuple(run for run in impacts.get(change.address, ()) if run.id not in told)
        told |= {run.id for run in runs}
        changes.append(replace(change, impact=runs) if runs else change)
    return replace(plan, changes=tuple(changes))
