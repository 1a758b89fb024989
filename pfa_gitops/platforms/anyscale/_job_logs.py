"""A job's log as it grows: what came since the last look, over all of the job's runs."""

from typing import TYPE_CHECKING, Any, NamedTuple

from pfa_gitops.platforms.anyscale._jobs import client_of, job_of
from pfa_gitops.platforms.anyscale._sdk import Sdk

if TYPE_CHECKING:
    import anyscale


class LogPlace(NamedTuple):
    """How far a job's log was read."""

    run_id: str = ""
    """The run of the job that is being read; a job that Anyscale retries has several."""
    token: str | None = None
    """The platform's own mark for the next page of that run's log."""
    lines: int = 0
    """How many lines after the token were read already: not every page comes with a new token."""


class NewLines(NamedTuple):
    """What came since a place, and the place after it."""

    lines: list[str]
    place: LogPlace


async def new_log_lines(sdk: Sdk, job_id: str, place: LogPlace) -> NewLines:
    """All lines after `place`, none while the job has no run. Raises NotFound.

    A call that fails has moved nothing: the next one from the same place gives each line once.
    """
    return await sdk.call(lambda connection: _read(connection, job_id, place))


def _read(connection: "anyscale.Anyscale", job_id: str, place: LogPlace) -> NewLines:
    client = client_of(connection)  # the SDK's public calls only print what they follow
    job = job_of(connection, job_id)
    lines: list[str] = []
    while job.last_job_run_id:
        place = place if place.run_id else LogPlace(_first_run(client, job_id, job.last_job_run_id))
        came, place = _page(client, place)
        lines += came
        if not came:
            if place.run_id == job.last_job_run_id:
                break
            place = LogPlace(_run_after(client, job_id, place.run_id) or job.last_job_run_id)
    return NewLines(lines, place)


def _page(client: Any, place: LogPlace) -> NewLines:
    """One page. A page with lines and without a token is read again from the former token, less what is known."""
    text, token = client.stream_logs_for_job_run(place.run_id, next_page_token=place.token)
    lines = text.splitlines()
    new = lines[place.lines :]
    if not lines or token not in {None, place.token}:
        return NewLines(new, LogPlace(place.run_id, token, 0) if lines else place)
    return NewLines(new, place._replace(lines=len(lines)))


def _first_run(client: Any, job_id: str, last: str) -> str:
    return next(iter(_run_ids(client, job_id)), last)


def _run_after(client: Any, job_id: str, run_id: str) -> str | None:
    ids = _run_ids(client, job_id)
    return ids[ids.index(run_id) + 1] if run_id in ids[:-1] else None


def _run_ids(client: Any, job_id: str) -> list[str]:
    """The job's runs, the first one first."""
    return [str(run.id) for run in sorted(client.get_job_runs(job_id), key=lambda run: run.created_at)]
