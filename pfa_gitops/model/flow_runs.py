"""What is told of a flow run: its states, its log lines, why it waits, where to look at it. Pure."""

from datetime import datetime
from typing import NamedTuple

COMPLETED = "COMPLETED"
FINAL = frozenset({COMPLETED, "FAILED", "CRASHED", "CANCELLED"})


class State(NamedTuple):
    """A state of a flow run."""

    type: str
    """Prefect's own: SCHEDULED, PENDING, RUNNING, COMPLETED, FAILED, CRASHED, CANCELLING, CANCELLED, PAUSED."""
    name: str
    """What people read, e.g. Late or AwaitingRetry."""
    message: str

    @property
    def final(self) -> bool:
        """Whether the run ended."""
        return self.type in FINAL


class LogLine(NamedTuple):
    """A line that a flow run, or one of its tasks, logged."""

    id: str
    time: datetime
    level: int
    text: str


class FlowRun(NamedTuple):
    """A flow run as it was created. `page` is where people look at it."""

    id: str
    name: str
    page: str


class Notice(NamedTuple):
    """What a reader should know while a run is followed, e.g. that no worker is there to pick it up."""

    text: str


Event = State | LogLine | Notice
"""What is told of a run while it is followed."""
