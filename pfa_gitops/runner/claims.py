"""Who is responsible for a run's job, written down on the run itself as labels. Pure.

A worker claims a run before it submits its job. The claim numbers the attempt, from which the job's name follows, so
that a job whose submit got no answer can be found again, by any worker. While there is no job to look at, the worker
that holds the claim shows that it lives by counting `beat` up. Nobody compares clocks: a claim is stale when another
worker has watched it for a while and it did not change.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

_ATTEMPT = "pfa-gitops.attempt"
_HOLDER = "pfa-gitops.holder"
_PICK_UP = "pfa-gitops.pick-up"
_PLACE = "pfa-gitops.place"
_FORMER = "pfa-gitops.former-job"
BEAT = "pfa-gitops.beat"
_START_TIMEOUT = "pfa-gitops.job-start-timeout-s"
_TRIES = "pfa-gitops.tries"


@dataclass(frozen=True)
class Claim:
    """One attempt at a run."""

    attempt: int
    """Counted from 1. Each time the run is picked up to get a job of its own."""
    holder: str
    """The worker's process, `NAME/ID`. Empty: given back before a job was there, for whoever picks the run up."""
    place: str
    """Where the job is, or will be: the id of a Place."""
    pick_up: str = ""
    """Which pick-up of the run was claimed: `Run.pick_up`."""
    former: str = ""
    """The run's `infrastructure_pid` when it was claimed: the job of an attempt before this one. Another id there is
    this attempt's job."""
    beat: int = 0
    start_timeout_s: int = 0
    """How long the job may take to start, in seconds. 0: for ever."""
    tries: int = 0
    """How often the platform could not take this attempt's job."""
    again: bool = False
    """Whether the attempt was given back before: a job of it may be there. Not written down."""

    @property
    def worker(self) -> str:
        """The name of the worker that holds it."""
        return self.holder.rpartition("/")[0]

    def same_pick_up(self, other: "Claim") -> bool:
        """Whether both are the same worker's claim on the same pick-up, whatever was counted up meanwhile."""
        return (self.holder, self.pick_up, self.attempt) == (other.holder, other.pick_up, other.attempt)

    def labels(self) -> dict[str, str | int]:
        """As labels of the run."""
        return {
            _ATTEMPT: self.attempt,
            _HOLDER: self.holder,
            _PICK_UP: self.pick_up,
            _PLACE: self.place,
            _FORMER: self.former,
            BEAT: self.beat,
            _START_TIMEOUT: self.start_timeout_s,
            _TRIES: self.tries,
        }


def claim_in(labels: Mapping[str, Any]) -> Claim | None:
    """The claim that a run's labels tell of. None where there is none that can be read."""
    try:
        return Claim(
            attempt=int(labels[_ATTEMPT]),
            holder=str(labels[_HOLDER]),
            place=str(labels[_PLACE]),
            pick_up=str(labels.get(_PICK_UP, "")),
            former=str(labels.get(_FORMER, "")),
            beat=int(labels.get(BEAT, 0)),
            start_timeout_s=int(labels.get(_START_TIMEOUT, 0)),
            tries=int(labels.get(_TRIES, 0)),
        )
    except (KeyError, TypeError, ValueError):
        return None


def next_claim(last: Claim | None, claim: Claim) -> Claim:
    """`claim` of a run that was picked up, numbered after the last one. An attempt that was given back goes on."""
    if last is None:
        return claim
    if last.holder:
        return replace(claim, attempt=last.attempt + 1)
    return replace(claim, attempt=last.attempt, tries=last.tries, again=True)
