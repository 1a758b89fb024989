"""Jobs on the Ray cluster of the worker's own node, through Ray's job API. Imports Ray lazily."""

import asyncio
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from pfa_gitops.model.errors import (
    Conflict,
    MaybeArrived,
    NotFound,
    PlatformError,
    Unauthorized,
    Unavailable,
    Unreachable,
)
from pfa_gitops.platforms.anyscale._jobs import SUBMIT_TIMEOUT_S, JobState
from pfa_gitops.platforms.anyscale._sdk import TIMEOUT_S, in_thread
from pfa_gitops.runner.infra import RayJobInfra
from pfa_gitops.runner.submission import Job, entrypoint

if TYPE_CHECKING:
    from ray.job_submission import JobSubmissionClient

T = TypeVar("T")

_RESERVED = ("entrypoint_num_cpus", "entrypoint_num_gpus", "entrypoint_memory", "entrypoint_resources")
_NOT_FOUND = 404
_ATTEMPTS = 100


def _number(job_id: str, name: str) -> int:
    """Which of the jobs of that name it is, counted from 1."""
    number = job_id.removeprefix(f"{name}-")
    return int(number) if number.isdecimal() and number != job_id else 1


class RayJobs:
    """Ray's job API at one address."""

    def __init__(self, address: str | None, timeout_s: float = TIMEOUT_S) -> None:
        self._address = address
        self._timeout_s = timeout_s
        self._client: JobSubmissionClient | None = None

    async def submit(self, config: Mapping[str, Any], former: str | None = None) -> str:
        """Submit a job and return its submission id. `config` has the arguments of Ray's submit_job.

        An id is Ray's for ever. Where it is taken, the job of that name is the run's own: while it lives it is the one
        to follow; once it has ended, the next one's id gets a number. `former` is the id of a job that is known to have
        ended, and with it those that came before. Raises MaybeArrived.
        """
        name = str(config["submission_id"])
        first = 1 if former is None else _number(former, name) + 1
        for attempt in range(first, first + _ATTEMPTS):
            job_id = name if attempt == 1 else f"{name}-{attempt}"
            try:
                return await self._send({**config, "submission_id": job_id})
            except (Unavailable, MaybeArrived) as refusal:
                if (known := await self._known(job_id, refusal)) is None:
                    raise
                if not known.finished or isinstance(refusal, MaybeArrived):
                    return job_id
        raise Conflict(f"Ray at {self._place()} has had {_ATTEMPTS} jobs {name}", "run the flow anew")

    async def _send(self, config: Mapping[str, Any]) -> str:
        timeout_s = max(SUBMIT_TIMEOUT_S, self._timeout_s)  # the working directory is uploaded
        return await self._call(lambda client: str(client.submit_job(**config)), write=True, timeout_s=timeout_s)

    async def _known(self, job_id: str, refusal: PlatformError) -> JobState | None:
        """The job, if it is there. Raises `refusal` when Ray does not tell."""
        try:
            return await self.state(job_id)
        except NotFound:
            return None
        except PlatformError:
            raise refusal from None

    async def state(self, job_id: str) -> JobState:
        """Look at a job. Raises NotFound."""
        info = await self._call(lambda client: client.get_job_info(job_id))
        status = str(info.status.value)
        said = (info.message or "").partition("\n")[0]  # the lines after the first are the job's log
        return JobState(status, info.status.is_terminal(), status == "SUCCEEDED", said)

    async def stop(self, job_id: str) -> None:
        """Ask Ray to end a job. Raises NotFound."""
        await self._call(lambda client: client.stop_job(job_id))

    async def log_tail(self, job_id: str, lines: int) -> str:
        """The last lines of a job's log."""
        text = await self._call(lambda client: str(client.get_job_logs(job_id)))
        return "\n".join(text.splitlines()[-lines:])

    async def _call(
        self, do: "Callable[[JobSubmissionClient], T]", *, write: bool = False, timeout_s: float | None = None
    ) -> T:
        import requests  # noqa: PLC0415 - comes with Ray's client
        from ray.exceptions import AuthenticationError  # noqa: PLC0415 - see the top of the file

        lost = MaybeArrived if write else Unreachable
        try:
            async with asyncio.timeout(timeout_s or self._timeout_s):
                return await in_thread(lambda: do(self._connected()))
        except AuthenticationError:
            raise Unauthorized(f"Ray's job API at {self._place()} wants a token", "set RAY_AUTH_MODE=token") from None
        except ConnectionError:  # Ray's own, from its first question
            raise Unreachable(f"Ray's job API at {self._place()} does not answer", "start Ray there") from None
        except (TimeoutError, requests.RequestException):
            raise lost(f"Ray's job API at {self._place()} gave no answer", "look whether Ray lives there") from None
        except RuntimeError as error:
            # Ray raises RuntimeError for every refused request and gives the status in the text only.
            if f"status code {_NOT_FOUND}" in str(error):
                raise NotFound(f"Ray at {self._place()} has no such job") from None
            raise Unavailable(f"Ray's job API at {self._place()} refused: {error}") from None

    def _connected(self) -> "JobSubmissionClient":
        if self._client is None:
            from ray.job_submission import JobSubmissionClient  # noqa: PLC0415 - see the top of the file

            self._client = JobSubmissionClient(self._address)
        return self._client

    def _place(self) -> str:
        return self._address or "the worker's own node"


def ray_job_config(infra: RayJobInfra, job: Job) -> dict[str, Any]:
    """The arguments of Ray's submit_job."""
    runtime_env = {
        "working_dir": infra.working_dir,
        "excludes": infra.excludes,
        "pip": infra.requirements,
        "py_modules": infra.py_modules,
        "py_executable": infra.py_executable,
        "env_vars": dict(job.environment),
    }
    reserved = {field: getattr(infra, field) for field in _RESERVED if getattr(infra, field) is not None}
    return {
        **reserved,
        "submission_id": job.name,
        "metadata": dict(job.tags),
        "entrypoint": entrypoint(job.command, job.environment),
        "runtime_env": {field: value for field, value in runtime_env.items() if value is not None},
    }
