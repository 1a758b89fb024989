"""What a reviewer should look at first. Pure."""

from collections.abc import Iterable, Sequence
from enum import Enum

from pfa_gitops.model.impact import Effect
from pfa_gitops.model.values import Action, Change


class Weight(Enum):
    """How much a change may cost, the dearest first. The value is what stands above such changes."""

    DESTROYS = "Deleted or replaced"
    DROPS_RUNS = "Drops or orphans flow runs"
    MOVES_RUNS = "Moves flow runs"
    REST = "Everything else"


def weight(change: Change) -> Weight:
    """Weigh one change. The order of all views comes from here."""
    effects = {run.effect for run in change.impact}
    if change.action in {Action.DELETE, Action.REPLACE}:
        return Weight.DESTROYS
    if effects & {Effect.DROPPED, Effect.ORPHANED}:
        return Weight.DROPS_RUNS
    return Weight.MOVES_RUNS if effects else Weight.REST


Groups = Sequence[tuple[Weight, Sequence[Change]]]
"""Changes by how much they may cost, the dearest first."""


def by_weight(changes: Iterable[Change]) -> Groups:
    """Group changes, the dearest group first; in a group by address. Groups without changes are left out."""
    found: dict[Weight, list[Change]] = {one: [] for one in Weight}
    for change in sorted(changes, key=lambda change: change.address):
        found[weight(change)].append(change)
    return [(one, group) for one, group in found.items() if group]
