"""Jobs on Anyscale: submit, look, end, read the log."""

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from pfa_gitops.model.errors import MaybeArrived, NotFound, PlatformError, Unavailable, Unreachable
from pfa_gitops.platforms.anyscale._sdk import Sdk
from pfa_gitops.platforms.lost_replies import send

if TYPE_CHECKING:
    import anyscale

# The job's states on the wire (anyscale 0.26.112, job_sdk.py). ERRORED is no end: a retry may follow.
_ENDS = frozenset({"SUCCESS", "TERMINATED", "OUT_OF_RETRIES", "BROKEN"})
_BEFORE_START = frozenset({"PENDING", "AWAITING_CLUSTER_START"})
LIVING = (*sorted(_BEFORE_START), "ERRORED", "RESTARTING", "RUNNING", "UPDATING", "CLEANING_UP")
"""All other states."""
SUBMIT_TIMEOUT_S = 900.0
"""A submit uploads the working directory."""
BUILD_TIMEOUT_S = 3700.0
"""How long a submit may take longer where it builds a containerfile. The SDK itself gives up after 3600 s."""
_A_PAGE = 50
_LOOKS_AFTER_S = (1.0, 2.0, 4.0, 8.0, 16.0)


class JobState(NamedTuple):
    """How far a job is."""

    status: str
    """The platform's own word, e.g. RUNNING or OUT_OF_RETRIES."""
    finished: bool
    succeeded: bool
    reason: str = ""
    """What the platform says of it: why it failed, or what it waits for."""
    started: bool = True
    """Whether its entrypoint has begun."""


class _WireState(Protocol):
    """A job's state as Anyscale tells it, in our client's model and in the SDK's."""

    @property
    def current_state(self) -> Any: ...
    @property
    def error(self) -> str | None: ...
    @property
    def operation_message(self) -> str | None: ...


class WireJob(Protocol):
    """A job as Anyscale tells it."""

    @property
    def state(self) -> _WireState: ...


def state_of(job: WireJob) -> JobState:
    """What a job says of its state."""
    status = str(job.state.current_state)
    return JobState(
        status,
        finished=status in _ENDS,
        succeeded=status == "SUCCESS",
        reason=job.state.error or job.state.operation_message or "",
        started=status not in _BEFORE_START,
    )


async def submit_job(sdk: Sdk, config: Mapping[str, Any]) -> str:
    """Submit a job, once, and return its id. `config` has the fields of the SDK's JobConfig.

    Where the answer is lost, the job is looked for by its name, which must be its own, and sent again only when it is
    not there. Raises MaybeArrived when that settles nothing.
    """
    return await send(lambda: _send(sdk, config), lambda: _arrived(sdk, config["name"]))


async def _send(sdk: Sdk, config: Mapping[str, Any]) -> str:
    def do(connection: "anyscale.Anyscale") -> str:
        from anyscale.job.models import JobConfig  # noqa: PLC0415 - the SDK is imported where it is called

        return str(connection.job.submit(JobConfig(**config)))

    builds = BUILD_TIMEOUT_S if config.get("containerfile") else 0.0
    return await sdk.call(do, write=True, timeout_s=SUBMIT_TIMEOUT_S + builds)


async def _arrived(sdk: Sdk, name: str) -> str | None:
    """The id of the newest job of this name, if there is one. Raises MaybeArrived when Anyscale does not tell."""
    for pause in _LOOKS_AFTER_S:
        await asyncio.sleep(pause)
        try:
            return await sdk.call(lambda connection: _newest(connection, name))
        except (Unavailable, Unreachable):
            continue
        except PlatformError:
            break
    message = f"the answer to a submit of the job {name} was lost, and Anyscale does not tell whether it is there"
    raise MaybeArrived(message, "look for it in Anyscale's console before it is submitted again")


def _newest(connection: "anyscale.Anyscale", name: str) -> str | None:
    """Looks in all clouds and projects: which one a config means that names none is the SDK's business."""
    page = client_of(connection).list_jobs(name=name, archive_status="ALL", count=_A_PAGE)
    found = [job for job in page.results if job.name == name]  # the filter takes any name that contains it
    return str(max(found, key=lambda job: job.created_at).id) if found else None


async def job_state(sdk: Sdk, job_id: str) -> JobState:
    """Look at a job, with one request. Raises NotFound."""
    return state_of(await sdk.call(lambda connection: job_of(connection, job_id)))


async def terminate_job(sdk: Sdk, job_id: str) -> None:
    """Ask Anyscale to end a job. It ends some time later. Safe to send twice. Raises NotFound."""
    await sdk.call(lambda connection: client_of(connection).terminate_job(job_id))


def terminate_job_here(sdk: Sdk, job_id: str) -> None:
    """The same without a thread, at the end of a process. Raises NotFound."""
    sdk.call_here(lambda connection: client_of(connection).terminate_job(job_id))


async def job_log_tail(sdk: Sdk, job_id: str, lines: int) -> str:
    """The last lines of the job's latest run; nothing when it never ran."""

    def do(connection: "anyscale.Anyscale") -> str:
        run_id = job_of(connection, job_id).last_job_run_id
        return str(client_of(connection).logs_for_job_run(run_id, max_lines=lines)) if run_id else ""

    return await sdk.call(do)


def client_of(connection: "anyscale.Anyscale") -> Any:
    """The client below the SDK's public calls, which make six requests for a status and leave out the reason."""
    return connection._anyscale_client


def job_of(connection: "anyscale.Anyscale", job_id: str) -> Any:
    """The SDK's own job. Raises NotFound."""
    job = client_of(connection).get_job(name=None, job_id=job_id, cloud=None, project=None)
    if job is None:
        raise NotFound(f"Anyscale has no job {job_id}")
    return job
