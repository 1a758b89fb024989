"""A Ray cluster as a place of jobs: the worker's own, or the one at an address."""

from datetime import UTC, datetime

from pfa_gitops.model.errors import NotFound
from pfa_gitops.runner.infra import Infra, RayJobInfra
from pfa_gitops.runner.places import Place, SeenJob, oldest_of
from pfa_gitops.runner.ray_jobs import RayJob, RayJobs, ray_job_config
from pfa_gitops.runner.submission import POOL_TAG, Job

_OWN_DASHBOARD = "http://127.0.0.1:8265"


class RayPlace(Place):
    """A cluster that lives as long as its head node: its session tells it from the one that comes after it."""

    def __init__(self, jobs: RayJobs, session: str) -> None:
        self.id = ray_place_id(jobs.address, session)
        self._jobs = jobs

    async def submit(self, infra: Infra, job: Job) -> str:
        """Submit through Ray's job API, under the job's name as the submission id, which Ray takes once."""
        assert isinstance(infra, RayJobInfra)  # noqa: S101 - `Places.of` chose this place by that
        return await self._jobs.submit(ray_job_config(infra, job))

    async def check_login(self) -> None:
        """Raises Unauthorized where Ray wants a token that the worker lacks."""
        await self._jobs.session()

    async def living(self, pool_id: str) -> list[SeenJob]:
        """One listing, by the metadata with the pool's id."""
        found = await self._jobs.jobs()
        return [self._seen(job) for job in found if job.metadata.get(POOL_TAG) == pool_id and not job.state.finished]

    async def job(self, job_id: str) -> SeenJob | None:
        """One request."""
        try:
            return SeenJob(job_id, job_id, self.id, await self._jobs.state(job_id))
        except NotFound:
            return None

    async def of_attempt(self, run_id: str, attempt: int) -> SeenJob | None:
        """One listing."""
        return oldest_of((self._seen(job) for job in await self._jobs.jobs()), run_id, attempt)

    async def stop(self, job_id: str) -> None:
        """Stop a job."""
        await self._jobs.stop(job_id)

    async def log_tail(self, job_id: str, lines: int) -> str:
        """The last lines of the job's log."""
        return await self._jobs.log_tail(job_id, lines)

    def page(self, job_id: str) -> str:
        """The job's page on Ray's dashboard."""
        return f"{self._jobs.address or _OWN_DASHBOARD}/#/jobs/{job_id}"

    def _seen(self, job: RayJob) -> SeenJob:
        return SeenJob(job.id, job.id, self.id, job.state, _iso(job.started_ms))


def ray_place_id(address: str | None, session: str) -> str:
    """`ray/SESSION` of the worker's own cluster, `ray/SESSION@ADDRESS` of another one, which any worker reaches."""
    return f"ray/{session}@{address}" if address else f"ray/{session}"


def address_in(place_id: str) -> str | None:
    """The address in a place's id."""
    return place_id.partition("@")[2] or None


def _iso(milliseconds: int | None) -> str:
    return datetime.fromtimestamp((milliseconds or 0) / 1000, UTC).isoformat()
