"""A job that a flow has triggered: waiting for it, its log in the run's log, its result, its end."""

import asyncio
import contextlib
from collections import deque
from collections.abc import Coroutine
from typing import Any

from prefect.blocks.abstract import JobRun

from pfa_gitops.model.errors import NotFound, PlatformError
from pfa_gitops.platforms.anyscale._job_logs import LogPlace, new_log_lines
from pfa_gitops.platforms.anyscale._jobs import JobState, job_log_tail, job_state
from pfa_gitops.runner.in_a_flow.anyscale_login import sdk_of_process
from pfa_gitops.runner.in_a_flow.both_ways import CLEAN_UP_S, both_ways
from pfa_gitops.runner.in_a_flow.owners import Logger, breaks_off, end, let_go
from pfa_gitops.runner.in_a_flow.values import JobEnded, JobFailed, JobNotFinished, JobResult, JobTimedOut

POLL_S = 2.0
LOG_TAIL = 20
"""How many lines of the log an error quotes."""
_GONE = JobState("GONE", finished=True, succeeded=False, reason="the job is no longer there")
_MISSES = 3  # a job may be listed a little after its submit was answered
_LOG_SETTLES_S = 1.0  # the last lines of a log come a little after the job's end
_LOG_TRIES = 5
_SLICE_S = 0.5


class AnyscaleJobRun(JobRun[JobResult]):
    """A job on Anyscale that was triggered. Its methods are called from plain code and awaited in async code.

    It can be pickled, e.g. handed from one task to another; each copy follows the log by itself.
    """

    def __init__(self, job_id: str, name: str, page_url: str) -> None:
        self.job_id = job_id
        """Anyscale's id, prodjob_…"""
        self.name = name
        """The name under which it was submitted."""
        self.page_url = page_url
        """The job's page in Anyscale's console."""
        self._place = LogPlace()
        self._tail: deque[str] = deque(maxlen=LOG_TAIL)

    @both_ways
    async def wait_for_completion(self, timeout: float | None = None, poll_s: float = POLL_S) -> None:  # noqa: ASYNC109
        """Wait for the job's end; each line of its log goes to the run's logger meanwhile, once.

        `timeout` and `poll_s`, the pause between two looks, are in seconds. Whatever interrupts the wait ends the job:
        the time-out, a flow's or task's own one, a cancelled run, SIGTERM, Ctrl-C. Raises JobFailed when the job did
        not succeed, JobTimedOut, and JobEnded when the flow run around a task is broken off.
        """
        try:
            async with asyncio.timeout(timeout):
                state = await self._follow(poll_s)
        except TimeoutError:
            await self._end()
            raise JobTimedOut(f"{self._job} is not over after {timeout:g} s, and is ended") from None
        except BaseException:
            await self._end()
            raise
        let_go(self.job_id)
        if not state.succeeded:
            raise self._failed(state, "\n".join(self._tail))

    @both_ways
    async def fetch_result(self) -> JobResult:
        """What is known of the job that succeeded. Raises JobNotFinished, or JobFailed when it did not."""
        state = await job_state(sdk_of_process(), self.job_id)
        if not state.finished:
            raise JobNotFinished(f"{self._job} is {state.status}: wait for its completion first")
        if not state.succeeded:
            raise self._failed(state, await job_log_tail(sdk_of_process(), self.job_id, LOG_TAIL))
        return JobResult(self.job_id, self.name, state.status, self.page_url)

    @both_ways
    async def cancel(self) -> None:
        """Ask Anyscale to end the job. It ends some time later."""
        await end(self.job_id, self.logger)

    @property
    def _job(self) -> str:
        return f"The job {self.name} ({self.page_url})"

    def _failed(self, state: JobState, tail: str) -> JobFailed:
        message = f"{self._job} ended as {state.status}. {state.reason}".rstrip()
        quoted = f"{message}\nThe last lines of its log:\n{tail.rstrip()}" if tail.strip() else message
        return JobFailed(quoted, self.job_id, state.status, state.reason, tail)

    async def _end(self) -> None:
        await to_its_end(end(self.job_id, self.logger))

    async def _follow(self, poll_s: float) -> JobState:
        """Look until the job is over. What fails is told when it begins to fail, and tried again."""
        said = ""
        misses = 0
        while True:
            state, problem = await self._look()
            misses = misses + 1 if state is _GONE else 0
            problem = problem or await self._log_new_lines(self.logger)
            if state is not None and state.finished and misses in {0, _MISSES}:
                await self._log_the_rest(self.logger)
                return state
            if problem and problem != said:
                self.logger.warning("The job cannot be followed now: %s", problem)
            said = problem
            await self._pause(poll_s)

    async def _look(self) -> tuple[JobState | None, str]:
        try:
            return await job_state(sdk_of_process(), self.job_id), ""
        except NotFound as error:
            return _GONE, error.message
        except PlatformError as error:
            return None, error.message

    async def _log_new_lines(self, logger: Logger) -> str:
        """Log what is new. Returns what keeps the log from being read."""
        try:
            new = await new_log_lines(sdk_of_process(), self.job_id, self._place)
        except PlatformError as error:
            return error.message
        self._place = new.place  # before the lines go out, so that none goes out twice
        for line in new.lines:
            self._tail.append(line)
            logger.info("%s", line)
        return ""

    async def _log_the_rest(self, logger: Logger) -> None:
        problem = ""
        for _ in range(_LOG_TRIES):
            await asyncio.sleep(_LOG_SETTLES_S)
            if not (problem := await self._log_new_lines(logger)):
                return
        logger.warning("The end of the job's log cannot be read: %s", problem)

    async def _pause(self, seconds: float) -> None:
        """Wait for the next look, unless the run around this task is over."""
        left = seconds
        while left > 0:
            if await breaks_off():
                raise JobEnded(f"{self._job} is ended: the flow run that triggered it is being ended")
            await asyncio.sleep(min(_SLICE_S, left))
            left -= _SLICE_S


async def to_its_end(coroutine: Coroutine[Any, Any, Any]) -> None:
    """Run to the end although this task is cancelled, however often, and for as long as a clean-up may take."""
    loop = asyncio.get_running_loop()
    task = asyncio.ensure_future(coroutine)
    deadline = loop.time() + CLEAN_UP_S
    while not task.done() and loop.time() < deadline:
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.wait({task}, timeout=deadline - loop.time())
