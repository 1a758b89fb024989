"""How live objects do right now: in a few words, since when, and small tables of what belongs to them. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from pfa_gitops.model.errors import Problem
from pfa_gitops.model.places import Address

if TYPE_CHECKING:  # both speak of moments or changes, and so come after this module
    from pfa_gitops.model.chain import Chain
    from pfa_gitops.model.history import Applied


class Health(StrEnum):
    """Whether somebody should look at an object."""

    GOOD = "good"
    ATTENTION = "attention"  # it is there and does not do its work now, which may be meant so, or pass by itself
    BAD = "bad"
    ABSENT = "absent"


class Moment(NamedTuple):
    """A time, and how long ago it is by the clock of the platform that told it: this machine's may be wrong."""

    time: datetime
    age_seconds: float
    """Never below 0."""


Cell = str | int | bool | Moment | None
"""One fact. None: there is no such thing, e.g. no limit."""


class Table(NamedTuple):
    """What belongs to an object and comes in numbers, e.g. the workers of a pool. All rows have the same columns."""

    name: str
    rows: tuple[Mapping[str, Cell], ...]
    note: str = ""
    """What a reader should know of rows that are left out."""


@dataclass(frozen=True)
class Status:
    """One object right now."""

    address: Address
    health: Health
    message: str
    """In a few words, e.g. `RUNNING`."""
    since: Moment | None = None
    """When that came about, where it is known."""
    facts: Mapping[str, Cell] = field(default_factory=dict)
    """What a program asks for; the message has it in words."""
    tables: tuple[Table, ...] = ()


NOT_THERE = "not there yet: run apply"


def absent(address: Address, message: str = NOT_THERE) -> Status:
    """The status of an object that its platform does not have."""
    return Status(address, Health.ABSENT, message)


class InSync(StrEnum):
    """Whether an object is as its manifest says."""

    YES = "in sync"
    NO = "out of sync"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Sync:
    """One object beside its manifest."""

    address: Address
    state: InSync
    reason: str = ""
    """What differs, or why it is not known."""
    page: str = ""
    """The URL of its page in the platform's console, where it is there and has one."""


@dataclass(frozen=True)
class StatusReport:
    """The statuses of a project in one environment, by address. `problems` are of platforms that could not be read."""

    environment: str
    statuses: tuple[Status, ...]
    problems: tuple[Problem, ...] = ()
    exit_code: int = 0
    syncs: tuple[Sync, ...] = ()
    """Each object that a manifest names or that is the project's, by address."""
    chains: "tuple[Chain, ...]" = ()
    """For each deployment, whether its runs start."""
    history: "tuple[Applied, ...]" = ()
    """The last applies, the newest at the end."""

    @property
    def is_well(self) -> bool:
        """Whether nothing is broken: every object is there and works, and the runs of every deployment start."""
        broken = any(status.health in {Health.BAD, Health.ABSENT} for status in self.statuses)
        return not broken and all(one.verdict != "not" for one in self.chains)
