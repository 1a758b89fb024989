"""Jobs on the Ray cluster of the worker's own node, through Ray's job API. Imports Ray lazily."""

import asyncio
import re
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from pfa_gitops.model.errors import (
    Invalid,
    MaybeArrived,
    NotFound,
    PlatformError,
    Unauthorized,
    Unavailable,
    Unreachable,
)
from pfa_gitops.platforms.anyscale._jobs import SUBMIT_TIMEOUT_S, JobState
from pfa_gitops.platforms.anyscale._sdk import IMPORTING, TIMEOUT_S, in_thread
from pfa_gitops.runner.infra import RayJobInfra
from pfa_gitops.runner.submission import Job, entrypoint

if TYPE_CHECKING:
    from ray.job_submission import JobSubmissionClient

T = TypeVar("T")

_RESERVED = ("entrypoint_num_cpus", "entrypoint_num_gpus", "entrypoint_memory", "entrypoint_resources")
_STATUS = re.compile(r"status code (\d{3})")
_REFUSED_LOGIN = {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}
_CLIENTS_FAULT = range(400, 500)
_PASSES = {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS}


class RayJob(NamedTuple):
    """A job in Ray's listing."""

    id: str
    state: JobState
    metadata: Mapping[str, str]
    started_ms: int | None


class RayJobs:
    """Ray's job API at one address; None is the worker's own node."""

    def __init__(self, address: str | None, timeout_s: float = TIMEOUT_S) -> None:
        self.address = address
        self._timeout_s = timeout_s
        self._client: JobSubmissionClient | None = None

    async def session(self) -> str:
        """The name of the cluster's session, e.g. `session_2026-01-31_10-00-00_123456_42`, which no other one has."""

        def ask(client: "JobSubmissionClient") -> str:
            # No public call tells the session. The client's own request, private, bears its token, headers and TLS.
            answer = client._do_request("GET", "/api/version", timeout=self._timeout_s)
            answer.raise_for_status()
            return str(answer.json().get("session_name", "")).rpartition("/")[2]

        return await self._call(ask)

    async def submit(self, config: Mapping[str, Any]) -> str:
        """Submit a job and return its submission id. `config` has the arguments of Ray's submit_job.

        An id is Ray's for ever. A refusal or a lost answer while the job is there means that it has arrived. Raises
        Invalid for a job that Ray never takes, and MaybeArrived.
        """
        job_id = str(config["submission_id"])
        timeout_s = max(SUBMIT_TIMEOUT_S, self._timeout_s)  # the working directory is uploaded
        try:
            return await self._call(lambda client: str(client.submit_job(**config)), write=True, timeout_s=timeout_s)
        except (Invalid, Unavailable, MaybeArrived) as refusal:
            if await self._is_there(job_id, refusal):
                return job_id
            raise

    async def _is_there(self, job_id: str, refusal: PlatformError) -> bool:
        """Whether there is such a job. Raises `refusal` when Ray does not tell."""
        try:
            await self.state(job_id)
        except NotFound:
            return False
        except PlatformError:
            raise refusal from None
        return True

    async def jobs(self) -> list[RayJob]:
        """All jobs that were submitted through the API, ended ones too."""
        found = await self._call(lambda client: client.list_jobs())
        return [
            RayJob(job.submission_id, _state(job), dict(job.metadata or {}), job.start_time)
            for job in found
            if job.submission_id
        ]

    async def state(self, job_id: str) -> JobState:
        """Look at a job. Raises NotFound."""
        return _state(await self._call(lambda client: client.get_job_info(job_id)))

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
        lost = MaybeArrived if write else Unreachable
        refused_login, no_answer = await in_thread(_vendor_errors)
        try:
            async with asyncio.timeout(timeout_s or self._timeout_s):
                return await in_thread(lambda: do(self._connected()))
        except refused_login:
            raise self._unauthorized() from None
        except ConnectionError:  # Ray's own, from its first question
            raise Unreachable(f"Ray's job API at {self._place()} does not answer", "start Ray there") from None
        except no_answer:
            raise lost(f"Ray's job API at {self._place()} gave no answer", "look whether Ray lives there") from None
        except (TypeError, ValueError) as error:  # Ray's client looks at the runtime environment before it sends it
            raise self._invalid(error) from None
        except RuntimeError as error:
            raise self._refusal(error) from None

    def _refusal(self, error: RuntimeError) -> PlatformError:
        """Ray raises RuntimeError for every refused request and gives the status in the text only."""
        found = _STATUS.search(str(error))
        status = int(found[1]) if found else 0
        if status == HTTPStatus.NOT_FOUND:
            return NotFound(f"Ray at {self._place()} has no such job")
        if status in _REFUSED_LOGIN:  # a Ray before 2.52, or a proxy before it
            return self._unauthorized()
        if status in _CLIENTS_FAULT and status not in _PASSES:
            return self._invalid(error)
        return Unavailable(f"Ray's job API at {self._place()} refused: {_last_line(error)}")

    def _invalid(self, error: Exception) -> Invalid:
        said = f"Ray's job API at {self._place()} does not take it: {_last_line(error)}"
        return Invalid(said, "correct the block or the run's job variables")

    def _unauthorized(self) -> Unauthorized:
        return Unauthorized(f"Ray's job API at {self._place()} wants a token", "set RAY_AUTH_MODE=token")

    def _connected(self) -> "JobSubmissionClient":
        if self._client is None:
            with IMPORTING:
                from ray.job_submission import JobSubmissionClient  # noqa: PLC0415 - see the top of the file
            self._client = JobSubmissionClient(self.address)
        return self._client

    def _place(self) -> str:
        return self.address or "the worker's own node"


def _vendor_errors() -> tuple[tuple[type[Exception], ...], tuple[type[Exception], ...]]:
    """What Ray raises for a refused token, and what its client lets through when an answer is missing.

    Raises Unreachable without Ray. The first is empty for a Ray before 2.52, which knows no tokens.
    """
    try:
        with IMPORTING:
            import ray.exceptions  # noqa: PLC0415 - see the top of the file
            import requests  # noqa: PLC0415 - comes with Ray's client
    except ImportError:
        raise Unreachable("this worker has no Ray", 'install "ray[default]" where the worker runs') from None
    known = getattr(ray.exceptions, "AuthenticationError", None)
    return (() if known is None else (known,)), (TimeoutError, requests.RequestException)


def _last_line(error: Exception) -> str:
    """What a refusal says: Ray's answer may be a traceback, whose last line tells what is wrong."""
    lines = [line.strip(" .") for line in str(error).splitlines()]
    return next((line for line in reversed(lines) if line), type(error).__name__)


def _state(info: Any) -> JobState:
    status = str(info.status.value)
    said = (info.message or "").partition("\n")[0]  # the lines after the first are the job's log
    return JobState(
        status, info.status.is_terminal(), succeeded=status == "SUCCEEDED", reason=said, started=status != "PENDING"
    )


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
