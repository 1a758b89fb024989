"""Where a run's job is started, watched and ended: Anyscale, or the Ray cluster of the worker's own node."""

import os
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any

from pfa_gitops.platforms.anyscale._answers import ALIAS
from pfa_gitops.platforms.anyscale._client import AnyscaleClient
from pfa_gitops.platforms.anyscale._image_names import image_with_revision, is_bare
from pfa_gitops.platforms.anyscale._jobs import (
    JobState,
    job_log_tail,
    job_state,
    submit_job,
    terminate_job,
)
from pfa_gitops.platforms.anyscale._sdk import Sdk
from pfa_gitops.platforms.anyscale._target import AnyscaleTarget
from pfa_gitops.runner.infra import AnyscaleJobInfra, Infra, RayJobInfra
from pfa_gitops.runner.ray_jobs import RayJobs, ray_job_config
from pfa_gitops.runner.submission import Job, job_config


class Infrastructure(ABC):
    """What a job can be started on. Every method raises errors of `model.errors`."""

    @abstractmethod
    async def submit(self, job: Job) -> str:
        """Start a job, or find the one that an earlier try has started, and return its id."""

    @abstractmethod
    async def state(self, job_id: str) -> JobState:
        """Look at a job."""

    @abstractmethod
    async def stop(self, job_id: str) -> None:
        """Ask for a job's end."""

    @abstractmethod
    async def log_tail(self, job_id: str, lines: int) -> str:
        """The last lines of a job's log."""

    @abstractmethod
    def page(self, job_id: str) -> str:
        """Where a person finds the job."""


class AnyscaleInfrastructure(Infrastructure):
    """Anyscale, as the fields of one block want it."""

    def __init__(self, sdk: Sdk, infra: AnyscaleJobInfra) -> None:
        self._sdk = sdk
        self._infra = infra

    async def submit(self, job: Job) -> str:
        """Resolve the image, cloud and project, then submit."""
        config = {**self._place(), **job_config(self._infra, job), **await self._image()}
        return await submit_job(self._sdk, config, job.former)

    def _place(self) -> dict[str, Any]:
        """The worker's own place, for a job whose block names none. Its project is no project of another cloud."""
        elsewhere = self._infra.cloud not in {None, self._sdk.target.cloud}
        project = None if elsewhere else self._sdk.target.project
        place = {"cloud": self._sdk.target.cloud, "project": project}
        return {field: value for field, value in place.items() if value}

    async def _image(self) -> dict[str, str]:
        uri = self._infra.image_uri
        if not uri and self._infra.cluster_env:
            uri = f"{ALIAS}{self._infra.cluster_env}"
        if not uri or not is_bare(uri):
            return {"image_uri": uri} if uri else {}
        async with AnyscaleClient(self._sdk.target) as client:
            return {"image_uri": await image_with_revision(client, uri)}

    async def state(self, job_id: str) -> JobState:
        """Look at a job."""
        return await job_state(self._sdk, job_id)

    async def stop(self, job_id: str) -> None:
        """Terminate a job."""
        await terminate_job(self._sdk, job_id)

    async def log_tail(self, job_id: str, lines: int) -> str:
        """The last lines of the job's latest run."""
        return await job_log_tail(self._sdk, job_id, lines)

    def page(self, job_id: str) -> str:
        """The job's page in the console."""
        return f"{self._sdk.target.host}/jobs/{job_id}"


class RayInfrastructure(Infrastructure):
    """The Ray cluster that a ray-job block names, by default the worker's own."""

    def __init__(self, infra: RayJobInfra) -> None:
        self._infra = infra
        self._jobs = RayJobs(infra.address)

    async def submit(self, job: Job) -> str:
        """Submit through Ray's job API, under the name as the submission id."""
        return await self._jobs.submit(ray_job_config(self._infra, job), job.former)

    async def state(self, job_id: str) -> JobState:
        """Look at a job."""
        return await self._jobs.state(job_id)

    async def stop(self, job_id: str) -> None:
        """Stop a job."""
        await self._jobs.stop(job_id)

    async def log_tail(self, job_id: str, lines: int) -> str:
        """The last lines of the job's log."""
        return await self._jobs.log_tail(job_id, lines)

    def page(self, job_id: str) -> str:
        """The job's page on Ray's dashboard."""
        return f"{self._infra.address or 'http://127.0.0.1:8265'}/#/jobs/{job_id}"


class Infrastructures:
    """Gives each run its infrastructure. All Anyscale jobs of a worker share one login."""

    def __init__(self) -> None:
        self._sdk: Sdk | None = None

    def for_infra(self, infra: Infra) -> Infrastructure:
        """Raises ReaderError when no Anyscale credentials are set."""
        if isinstance(infra, AnyscaleJobInfra):
            return AnyscaleInfrastructure(self._anyscale(), infra)
        return RayInfrastructure(infra)

    def _anyscale(self) -> Sdk:
        if self._sdk is None:
            place = os.environ.get("ANYSCALE_CLOUD"), os.environ.get("ANYSCALE_PROJECT")
            self._sdk = Sdk(AnyscaleTarget.from_environment(os.environ, Path.home(), *place))
        return self._sdk
