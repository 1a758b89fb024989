"""Copies the end of a job's log into its run's log, without the lines that the flow's own logger has sent."""

import asyncio
import logging
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING
from uuid import UUID

from prefect.client.schemas.filters import LogFilter, LogFilterFlowRunId
from prefect.client.schemas.sorting import LogSort

from pfa_gitops.model.errors import PlatformError
from pfa_gitops.runner.places import Place

if TYPE_CHECKING:
    from prefect.client.orchestration import PrefectClient

LINES = 50
_SETTLES_S = 1.0  # a platform says that a job is over before the last lines of its log are there
_SENT = 200  # log records of the run that are looked through, as many as the server gives at once
# How Prefect's console handler begins a line of a flow or task run: `12:00:00.000 | INFO    | Flow run 'x' - `.
# Links to the run, which its own log need not have.
_LINK = re.compile(r"\s*(Flow run:|View at) https?://\S*\s*")
_PREFIX = re.compile(r"^\d\d:\d\d:\d\d\.\d{3} \| [A-Z]+ +\| [^|]*? - ")


async def copy_tail(
    client: "PrefectClient",
    run_id: UUID,
    place: Place,
    job_id: str,
    logger: logging.Logger | logging.LoggerAdapter[logging.Logger],
) -> None:
    """Log the last lines of a job that the run's log lacks. A log that cannot be read is told, and is no error."""
    await asyncio.sleep(_SETTLES_S)
    try:
        text = await place.log_tail(job_id, LINES)
    except PlatformError as error:
        logger.warning("The job's log cannot be read: %s", error.message)
        return
    chosen = LogFilter(flow_run_id=LogFilterFlowRunId(any_=[run_id]))
    sent = await client.read_logs(chosen, limit=_SENT, sort=LogSort.TIMESTAMP_DESC)
    lines = unsent(text.splitlines(), (record.message for record in sent))
    if lines:
        logger.error("The last lines of the job's log:\n%s", "\n".join(lines))


def unsent(lines: Iterable[str], messages: Iterable[str]) -> list[str]:
    """The lines that no message holds, without empty ones at both ends."""
    known = {line.strip() for message in messages for line in message.splitlines()}
    told = (line for line in lines if not _LINK.fullmatch(line))
    left = [line.rstrip() for line in told if not line.strip() or _PREFIX.sub("", line).strip() not in known]
    while left and not left[-1]:
        left.pop()
    while left and not left[0]:
        left.pop(0)
    return left
