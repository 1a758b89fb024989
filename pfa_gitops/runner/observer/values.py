"""What the observer sees, and what it may do about it. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from uuid import UUID

from pfa_gitops.runner.claims import Claim
from pfa_gitops.runner.places import SeenJob


class Phase(Enum):
    """What a run's state means for its job."""

    WAITING = "waiting"
    """Scheduled, or suspended: it needs no job."""
    PENDING = "pending"
    """Picked up; its flow has not begun."""
    RUNNING = "running"
    """Its flow's process lives, or ought to: running, paused in its process, or waiting for a retry there."""
    CANCELLING = "cancelling"
    FINAL = "final"


@dataclass(frozen=True)
class Run:
    """A flow run, as far as its job is concerned."""

    id: UUID
    name: str
    phase: Phase
    state_name: str
    state_id: str
    pick_up: str
    """What tells this pick-up from the next: the time for which it was scheduled, else its state's id."""
    claim: Claim | None
    pid: str | None = None
    """The `infrastructure_pid` in Prefect."""
    begun: bool = False
    """Whether its flow ever began."""
    count: int = 0
    """How often its flow began."""
    completed: bool = False
    """Whether it is over and all went well."""
    queued: bool = True
    """Whether it came from a queue, to which it can go back. A flow that is called did not."""
    lease: UUID | None = None
    """The lease of its deployment's concurrency slot."""

    @property
    def current(self) -> Claim | None:
        """The claim, unless it is of an earlier pick-up."""
        if self.phase is Phase.PENDING and self.claim is not None and self.claim.pick_up != self.pick_up:
            return None
        return self.claim

    @property
    def job(self) -> str:
        """The id of this attempt's job; empty until it is known."""
        former = self.claim.former if self.claim is not None else ""
        return self.pid if self.pid is not None and self.pid != former else ""


@dataclass(frozen=True)
class Sight:
    """Everything that one tick saw."""

    runs: Sequence[Run]
    """The pool's runs that need a job, or have one that is to end."""
    jobs: Sequence[SeenJob]
    """The living jobs of the places that were listed."""
    others: Mapping[str, Run] = field(default_factory=dict)
    """Further runs of those jobs, by id. A run that is in neither is not there any more."""
    reached: frozenset[str] = frozenset()
    """The ids of the places that were listed."""
    found: Mapping[UUID, SeenJob | None] = field(default_factory=dict)
    """Jobs that were looked up one by one, by their run; None for one that is not there."""
    under_way: frozenset[UUID] = frozenset()
    """The runs whose job this worker is submitting just now."""


@dataclass(frozen=True)
class Adopt:
    """Write a job's id on its run."""

    run: Run
    job: SeenJob


@dataclass(frozen=True)
class End:
    """End a job."""

    job: SeenJob
    why: str


@dataclass(frozen=True)
class Crash:
    """Tell Prefect that a run will not go on. `job`, where there was one, has the log."""

    run: Run
    why: str
    job: SeenJob | None = None


@dataclass(frozen=True)
class Cancel:
    """Tell Prefect that a run is cancelled."""

    run: Run
    why: str


@dataclass(frozen=True)
class Reschedule:
    """Give a run that never got a job back to the queue."""

    run: Run
    why: str


@dataclass(frozen=True)
class Renew:
    """Keep the concurrency slot of a run whose job has not begun."""

    run: Run


@dataclass(frozen=True)
class Beat:
    """Show that somebody watches a run whose place not every worker reaches."""

    run: Run


Action = Adopt | End | Crash | Cancel | Reschedule | Renew | Beat
