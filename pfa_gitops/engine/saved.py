"""Holds a fresh plan against a saved one: only what both show is done. Pure."""

from collections.abc import Iterator, Set
from dataclasses import replace
from typing import NamedTuple

from pfa_gitops.engine.order import before
from pfa_gitops.engine.planning import Planned
from pfa_gitops.model.chain import Chain
from pfa_gitops.model.errors import Problem
from pfa_gitops.model.places import Address
from pfa_gitops.model.receipts import SavedPlan, moved, writes
from pfa_gitops.model.values import Change, Outcome, Result


class Fitted(NamedTuple):
    """What is done of a saved plan, and what is not."""

    planned: Planned
    skipped: tuple[Outcome, ...]


def fit(planned: Planned, saved: SavedPlan) -> Fitted:
    """Leave out of `planned` what the saved plan does not show, or shows otherwise, and what depends on that.

    What limits and policies say is still of the whole: see `planning.assessed`.
    """
    changes = planned.plan.changes
    # Where nothing is to be done any more, it is as the saved plan wanted it already.
    written = {change.address for change in changes if writes(change)}
    gone = [address for address in moved(changes, saved, planned.inventory) if address in written]
    left_out = {address: _moved(address) for address in gone} | dict(_dependents(planned, set(gone)))
    kept = (change for change in changes if change.address not in left_out or not writes(change))
    plan = replace(
        planned.plan,
        changes=tuple(kept),
        protection=tuple(item for item in planned.plan.protection if item[0] not in left_out),
        chains=tuple(chain for chain in planned.plan.chains if not _involves(chain, left_out.keys())),
    )
    known = {change.address: change for change in planned.plan.pending}
    then = {receipt.address: receipt.action for receipt in saved.receipts}
    skipped = [
        Outcome(known.get(address) or Change(address, then[address]), Result.SKIPPED, problem, stale=True)
        for address, problem in sorted(left_out.items())
    ]
    return Fitted(replace(planned, plan=plan), tuple(skipped))


def _involves(chain: Chain, addresses: Set[Address]) -> bool:
    """Whether a deployment's prospects follow from a change of one of these."""
    return not addresses.isdisjoint({chain.address, *(link.about for link in chain.links)})


def _moved(address: Address) -> Problem:
    message = "not done: it is not as it was when the plan was made"
    return Problem(message, "look at a new plan, or apply with --replan", address=address)


def _dependents(planned: Planned, gone: set[Address]) -> Iterator[tuple[Address, Problem]]:
    """The changes before which something that is left out was to be done. `changes` are in the order of apply."""
    needed = before(planned.plan.pending)
    for change in planned.plan.pending:
        blocker = next((address for address in needed[change.address] if address in gone), None)
        if blocker is not None and change.address not in gone:
            gone.add(change.address)
            yield change.address, Problem(f"not done: {blocker} was not done before it", address=change.address)
