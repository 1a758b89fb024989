"""What a reviewer should look at first. Pure."""

from collections.abc import Iterable, Sequence
from enum import Enum

from pfa_gitops.model.impact import Effect
from pfa_gitops.model.risk import Risk
from pfa_gitops.model.values import Action, Change

RISK_WORD = {
    Risk.EXPOSES_SECRET: "exposes a secret",
    Risk.DESTROYS: "destroys",
    Risk.LOOSENS_PROTECTION: "loosens protection",
    Risk.DROPS_RUNS: "drops runs",
    Risk.RESTARTS_AGENT: "restarts",
}


class Weight(Enum):
    """How much a change may cost, the dearest first. The value is what stands above such changes."""

    EXPOSES_SECRET = "Puts a secret in clear"  # noqa: S105 - a heading, no password
    DESTROYS = "Deleted or replaced"
    LOOSENS_PROTECTION = "Loosens protection"
    DROPS_RUNS = "Drops or orphans flow runs"
    BREAKS_CALLERS = "Takes other parameters than those who call it give"
    RESTARTS = "Restarts an agent or a service"
    MOVES_RUNS = "Moves flow runs"
    REST = "Everything else"


def weight(change: Change) -> Weight:
    """Weigh one change. The order of all views comes from here."""
    return next((one for one, counts in _reasons(change).items() if counts), Weight.REST)


def _reasons(change: Change) -> dict[Weight, bool]:
    """In the order of `Weight`."""
    effects = {run.effect for run in change.impact}
    return {
        Weight.EXPOSES_SECRET: Risk.EXPOSES_SECRET in change.risks,
        Weight.DESTROYS: change.action in {Action.DELETE, Action.REPLACE},
        Weight.LOOSENS_PROTECTION: Risk.LOOSENS_PROTECTION in change.risks,
        Weight.DROPS_RUNS: bool(effects & {Effect.DROPPED, Effect.ORPHANED}),
        Weight.BREAKS_CALLERS: any(parameter.breaking for parameter in change.contract),
        Weight.RESTARTS: Risk.RESTARTS_AGENT in change.risks,
        Weight.MOVES_RUNS: bool(effects),
    }


def risk_words(change: Change) -> list[str]:
    """What harm a change may do, the most severe first. Of a safe one nothing is said."""
    return [RISK_WORD[risk] for risk in change.risks if risk is not Risk.SAFE]


Groups = Sequence[tuple[Weight, Sequence[Change]]]
"""Changes by how much they may cost, the dearest first."""


def by_weight(changes: Iterable[Change]) -> Groups:
    """Group changes, the dearest group first; in a group by address. Groups without changes are left out."""
    found: dict[Weight, list[Change]] = {one: [] for one in Weight}
    for change in sorted(changes, key=lambda change: change.address):
        found[weight(change)].append(change)
    return [(one, group) for one, group in found.items() if group]
