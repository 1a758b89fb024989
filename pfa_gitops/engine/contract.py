"""Tells how a plan changes the parameters that objects take: asks each kind about its changes. Reads only."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from pfa_gitops.engine.readings import Clients, Kinds, ask_kinds, raise_failures
from pfa_gitops.model.contract import ContractChange
from pfa_gitops.model.places import Address
from pfa_gitops.model.values import Change, Plan
from pfa_gitops.platforms.base import Kind


async def with_contracts(plan: Plan, kinds: Kinds, clients: Clients) -> Plan:
    """The plan with what becomes of the parameters that each changed object takes."""
    by_kind: dict[str, list[Change]] = {}
    for change in plan.pending:
        by_kind.setdefault(change.address.kind, []).append(change)

    async def ask(kind: Kind[Any, Any], client: Any, _: object) -> Mapping[Address, Sequence[ContractChange]]:
        return await kind.contract(client, by_kind[kind.name], plan.changes)

    answers, failures = await ask_kinds([kinds[name] for name in by_kind], clients, ask)
    raise_failures(failures)
    contracts = {address: tuple(found) for answer in answers for address, found in answer.items()}
    changes = (replace(change, contract=contracts.get(change.address, ())) for change in plan.changes)
    return replace(plan, changes=tuple(changes))
