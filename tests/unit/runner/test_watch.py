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
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO", "WARNING"]


def test_a_job_that_is_gone_has_failed():
    assert watched(RUNNING, NotFound("no such job")) == GONE
    assert not GONE.succeeded
