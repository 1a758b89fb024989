"""Where jobs are started, watched and ended: Anyscale, or a Ray cluster. The contract of a place.

A place's id says where a job is, so that any worker can tell whether it reaches that place. A worker judges jobs of
the places that it reaches only.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass

from pfa_gitops.platforms.anyscale._jobs import JobState
from pfa_gitops.runner.infra import Infra
from pfa_gitops.runner.submission import Attempt, Beginning, Job, attempt_of, triggered_by


@dataclass(frozen=True)
class SeenJob:
    """A job as a place shows it."""

    id: str
    name: str
    place: str
    """The id of the place that it is in."""
    state: JobState
    created_at: str = ""
    """Sorts by age: ISO 8601 in UTC."""

    @property
    def of(self) -> Attempt | None:
        """The attempt that it was submitted for. None for a name that is not the runner's."""
        return attempt_of(self.name)

    @property
    def triggered_by(self) -> Beginning | None:
        """The start of a run's flow in which it was triggered."""
        return triggered_by(self.name)

    @property
    def run_id(self) -> str | None:
        """The run that it belongs to in one way or the other."""
        whose = self.of or self.triggered_by
        return whose.run_id if whose is not None else None


def oldest_of(jobs: Iterable[SeenJob], run_id: str, attempt: int) -> SeenJob | None:
    """The first job of an attempt at a run."""
    found = [job for job in jobs if job.of == (run_id, attempt)]
    return min(found, key=lambda job: (job.created_at, job.id), default=None)


class Place(ABC):
    """Every method raises errors of `model.errors`."""

    id: str

    @abstractmethod
    async def submit(self, infra: Infra, job: Job) -> str:
        """Start a job and return its id. Raises MaybeArrived where nobody can tell whether it is there."""

    @abstractmethod
    async def check_login(self) -> None:
        """Raises Unauthorized where the place refuses this worker altogether."""

    @abstractmethod
    async def living(self, pool_id: str) -> list[SeenJob]:
        """The jobs of a work pool that have not ended, in one listing."""

    @abstractmethod
    async def job(self, job_id: str) -> SeenJob | None:
        """One job; None where there is none."""

    @abstractmethod
    async def of_attempt(self, run_id: str, attempt: int) -> SeenJob | None:
        """The oldest job of an attempt at a run, whatever has become of it; None where there is none."""

    @abstractmethod
    async def stop(self, job_id: str) -> None:
        """Ask for a job's end. Safe to send twice."""

    @abstractmethod
    async def log_tail(self, job_id: str, lines: int) -> str:
        """The last lines of a job's log."""

    @abstractmethod
    def page(self, job_id: str) -> str:
        """Where a person finds the job."""
