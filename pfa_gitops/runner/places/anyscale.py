"""Anyscale as a place of jobs. Looks go through our own client, so that a worker that only watches loads no SDK."""

from collections.abc import Mapping
from typing import Any

from pfa_gitops.model.errors import NotFound
from pfa_gitops.platforms.anyscale._answers import ALIAS
from pfa_gitops.platforms.anyscale._answers import Job as JobAnswer
from pfa_gitops.platforms.anyscale._client import AnyscaleClient
from pfa_gitops.platforms.anyscale._image_names import image_with_revision, is_bare
from pfa_gitops.platforms.anyscale._jobs import LIVING, job_log_tail, state_of, submit_job, terminate_job
from pfa_gitops.platforms.anyscale._sdk import Sdk
from pfa_gitops.platforms.anyscale._target import AnyscaleTarget
from pfa_gitops.runner.infra import AnyscaleJobInfra, Infra
from pfa_gitops.runner.places import Place, SeenJob, oldest_of
from pfa_gitops.runner.submission import POOL_TAG, RUN_TAG, Job, job_config


class AnyscalePlace(Place):
    """One organisation on Anyscale, through an open client."""

    def __init__(self, client: AnyscaleClient, organization: str) -> None:
        self.id = f"anyscale/{organization}"
        self._client = client

    async def warm_up(self) -> None:
        """Load the SDK and log in."""
        await self._client.sdk.call(lambda _: None)

    async def check_login(self) -> None:
        """One request that needs no right but to be known."""
        await self._client.check_login()

    async def submit(self, infra: Infra, job: Job) -> str:
        """Resolve the image, cloud and project, then submit. Where the answer is lost, look for the job by its name."""
        assert isinstance(infra, AnyscaleJobInfra)  # noqa: S101 - `Places.of` chose this place by that
        return await submit_to(self._client.sdk, infra, job)

    async def living(self, pool_id: str) -> list[SeenJob]:
        """One listing, by the tag with the pool's id."""
        return [self._seen(job) for job in await self._client.jobs((POOL_TAG, pool_id), LIVING)]

    async def job(self, job_id: str) -> SeenJob | None:
        """One request."""
        try:
            return self._seen(await self._client.job_by_id(job_id))
        except NotFound:
            return None

    async def of_attempt(self, run_id: str, attempt: int) -> SeenJob | None:
        """One listing, by the tag with the run's id: the job's name begins with the run's, which may have changed."""
        found = [self._seen(job) for job in await self._client.jobs((RUN_TAG, run_id))]
        return oldest_of(found, run_id, attempt)

    async def stop(self, job_id: str) -> None:
        """Terminate a job. Through the SDK, as all writes."""
        await terminate_job(self._client.sdk, job_id)

    async def log_tail(self, job_id: str, lines: int) -> str:
        """The last lines of the job's latest run."""
        return await job_log_tail(self._client.sdk, job_id, lines)

    def page(self, job_id: str) -> str:
        """The job's page in the console."""
        return page_on(self._client.target, job_id)

    def _seen(self, job: JobAnswer) -> SeenJob:
        return SeenJob(job.id, job.name, self.id, state_of(job), job.created_at)


async def submit_to(sdk: Sdk, infra: AnyscaleJobInfra, job: Job) -> str:
    """Submit a job with an SDK that is there. Its id."""
    config = {**_within(sdk.target, infra), **job_config(infra, job), **await _image(sdk.target, infra)}
    return await submit_job(sdk, config)


def page_on(target: AnyscaleTarget, job_id: str) -> str:
    """The job's page in the console."""
    return f"{target.host}/jobs/{job_id}"


def _within(target: AnyscaleTarget, infra: AnyscaleJobInfra) -> Mapping[str, Any]:
    """The worker's own place, for a job whose block names none. Its project is no project of another cloud."""
    elsewhere = infra.cloud not in {None, target.cloud}
    place = {"cloud": target.cloud, "project": None if elsewhere else target.project}
    return {field: value for field, value in place.items() if value}


async def _image(target: AnyscaleTarget, infra: AnyscaleJobInfra) -> Mapping[str, str]:
    uri = infra.image_uri
    if not uri and infra.cluster_env:
        uri = f"{ALIAS}{infra.cluster_env}"
    if not uri or not is_bare(uri):
        return {"image_uri": uri} if uri else {}
    async with AnyscaleClient(target) as client:
        return {"image_uri": await image_with_revision(client, uri)}
