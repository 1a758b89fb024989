"""What a plan may not do: touch what is protected, and do more than the environment's limits. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pfa_gitops.model.errors import Problem
from pfa_gitops.model.inventory import Inventory
from pfa_gitops.model.places import Address
from pfa_gitops.model.risk import Risk, by_severity
from pfa_gitops.model.values import Action, Plan

DESTRUCTIVE = frozenset({Action.DELETE, Action.REPLACE})
SHOWN = 5
"""Objects that one sentence names."""


@dataclass(frozen=True)
class Bounds:
    """What one apply may do at most. None: as much as it likes."""

    max_deletes: int | None = None
    max_percent: float | None = None
    """Of the objects that are ours, in percent."""
    max_runs_affected: int | None = None
    """Flow runs that are dropped, moved or orphaned."""
    forbid: frozenset[Risk] = frozenset()
    """What no change may do."""


def protected(plan: Plan, inventory: Inventory) -> Iterator[Problem]:
    """Objects that would go though they are protected, by their manifest or by what was last applied."""
    for change in plan.changes:
        if change.action not in DESTRUCTIVE:
            continue
        entry = inventory.entries.get(change.address)
        if (change.desired is not None and change.desired.protect) or (entry is not None and entry.protect):
            origin = change.desired.origins.at(("metadata", "name")) if change.desired else None
            fields = ", ".join(sorted(change.changed)) if change.action is Action.REPLACE else ""
            why = f": a new {fields} makes it anew" if fields else ""
            message = f"{change.address} is protected and would be deleted{why}"
            yield Problem(message, "apply it with `protect: false` first", origin, change.address)


def breaches(plan: Plan, bounds: Bounds, inventory: Inventory) -> Iterator[str]:
    """The limits that the plan exceeds, one sentence each."""
    deletes = sum(change.action in DESTRUCTIVE for change in plan.changes)
    if bounds.max_deletes is not None and deletes > bounds.max_deletes:
        yield f"it deletes or replaces {deletes} objects, and max_deletes is {bounds.max_deletes}"
    owned = len(inventory.entries)
    if bounds.max_percent is not None and owned and deletes * 100 > bounds.max_percent * owned:
        percent = deletes * 100 / owned
        yield f"it deletes or replaces {percent:.0f} % of {owned} objects, and max_percent is {bounds.max_percent:g}"
    runs = len(plan.affected)
    if bounds.max_runs_affected is not None and runs > bounds.max_runs_affected:
        yield f"it affects {runs} flow runs, and max_runs_affected is {bounds.max_runs_affected}"
    for risk in by_severity(set(bounds.forbid)):
        found = [change.address for change in plan.changes if risk in change.risks]
        if found:
            yield f"{_listed(found)} {'has' if len(found) == 1 else 'have'} the risk {risk}, and limits forbid it"


def _listed(addresses: Sequence[Address]) -> str:
    shown, more = addresses[:SHOWN], len(addresses) - SHOWN
    return f"{', '.join(map(str, shown))}{f' and {more} more' if more > 0 else ''}"
