"""What a change does to flow runs that have not ended. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import NamedTuple


class Effect(StrEnum):
    """What becomes of a run."""

    DROPPED = "dropped"
    """It will not happen."""
    MOVED = "moved"
    """It happens at another time, or somewhere else."""
    ORPHANED = "orphaned"
    """It goes on without its deployment or its pool."""


class RunState(StrEnum):
    """How far a run is."""

    SCHEDULED = "scheduled"
    LATE = "late"
    PENDING = "pending"
    RUNNING = "running"


class AffectedRun(NamedTuple):
    """One run that a change affects."""

    id: str
    state: RunState
    effect: Effect


Counts = Mapping[Effect, Mapping[RunState, int]]
"""How many runs, by effect and state. What there is none of is left out."""


def counted(runs: Iterable[AffectedRun]) -> Counts:
    """Count runs. Effects and states come in the order of their enums."""
    tally = Counter((run.effect, run.state) for run in runs)
    return {effect: states for effect in Effect if (states := _states(tally, effect))}


def _states(tally: Mapping[tuple[Effect, RunState], int], effect: Effect) -> Mapping[RunState, int]:
    return {state: tally[effect, state] for state in RunState if tally[effect, state]}
