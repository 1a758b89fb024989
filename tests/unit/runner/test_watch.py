"""The watch outlives failed looks, and ends with the job."""

import asyncio
import logging

from pfa_gitops.model.errors import NotFound, Unavailable, Unreachable
from pfa_gitops.platforms.anyscale._jobs import JobState
from pfa_gitops.runner.watch import GONE, watch

RUNNING = JobState("RUNNING", finished=False, succeeded=False)
DONE = JobState("SUCCESS", finished=True, succeeded=True)


def watched(*looks: JobState | Exception) -> JobState:
    coming = iter(looks)

    async def look() -> JobState:
        seen = next(coming)
        if isinstance(seen, Exception):
            raise seen
        return seen

    return asyncio.run(watch(look, logging.getLogger("watch"), 0.001))


def test_failed_looks_do_not_end_the_watch(caplog):
    with caplog.at_level("INFO"):
        assert watched(Unavailable("500"), RUNNING, Unreachable("nobody"), RUNNING, DONE) == DONE
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO", "WARNING", "INFO"]


def test_what_goes_on_is_told_once(caplog):
    with caplog.at_level("INFO"):
        watched(*[Unavailable("500")] * 4, RUNNING, RUNNING, DONE)
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]


def test_a_job_that_is_gone_has_failed():
    missing = NotFound("no such job")
    assert watched(RUNNING, missing, missing, missing) == GONE
    assert not GONE.succeeded


def test_a_job_that_is_not_found_once_is_looked_for_again():
    missing = NotFound("no such job")
    assert watched(missing, missing, RUNNING, missing, missing, DONE) == DONE
