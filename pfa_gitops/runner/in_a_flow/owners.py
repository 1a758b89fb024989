"""Which flow run a triggered job belongs to, and what its end means for the job.

A job that was triggered and is not waited for is ended when its flow run fails, crashes, is cancelled or tries again;
it goes on when the run completes. Prefect tells the end by the flow's hooks. Of a cancellation it tells the flow's
process only by ending it, so that what is left then is looked at when the process ends.
"""

import asyncio
import logging
import os
import threading
from dataclasses import dataclass
from multiprocessing import util as process_end
from typing import TYPE_CHECKING, Any
from uuid import UUID

from prefect.client.orchestration import get_client
from prefect.context import FlowRunContext, TaskRunContext
from prefect.logging import get_logger
from prefect.task_runners import ThreadPoolTaskRunner

from pfa_gitops.model.errors import NotFound, PfaError
from pfa_gitops.platforms.anyscale._jobs import terminate_job, terminate_job_here
from pfa_gitops.runner.in_a_flow.anyscale_login import sdk_of_process

if TYPE_CHECKING:
    from prefect.client.schemas.objects import FlowRun, State
    from prefect.flows import Flow

Logger = logging.Logger | logging.LoggerAdapter[logging.Logger]

_TRIES = 4
_TRY_S = 6.0  # all tries together are over before Prefect kills a flow's process, 30 s after it was told to end
_BETWEEN_S = 0.5
_ENDS_KEPT = 1000


@dataclass(frozen=True)
class Owner:
    """The attempt of a run that triggered a job."""

    flow_run_id: UUID
    flow_run_name: str
    attempt: int
    task_run_id: UUID | None
    task_attempt: int
    process_id: int
    runs_here: bool
    """Whether the flow itself runs in this process, and not only one of its tasks."""

    def came_before(self, other: "Owner") -> bool:
        """Whether `other` is a later attempt of the same flow run or task run."""
        if self.flow_run_id != other.flow_run_id:
            return False
        same_task = self.task_run_id is not None and self.task_run_id == other.task_run_id
        return self.attempt < other.attempt or (same_task and self.task_attempt < other.task_attempt)


_LOCK = threading.Lock()
_JOBS: dict[str, Owner] = {}
"""The jobs that run, as far as this process knows, by id."""
_LOOKED_AFTER: set[int] = set()
"""The processes at whose end `_end_at_exit` is called: a fork begins with its parent's."""
_ENDS: dict[tuple[UUID, int], bool] = {}
"""The attempts that are over, and whether the flow run completed: the latest `_ENDS_KEPT`.

Only threads that outlive their attempt ask for its end, soon after it. A process may run flows for weeks.
"""


def owner_here() -> Owner | None:
    """The run that the caller's code is part of, which from now on takes its jobs along. None outside of a flow."""
    flow_context, task_context = FlowRunContext.get(), TaskRunContext.get()
    if flow_context is None or flow_context.flow_run is None:
        return None
    if flow_context.flow is not None:
        _follow(flow_context.flow)
    run = flow_context.flow_run
    task = task_context.task_run if task_context and task_context.task_run.flow_run_id == run.id else None
    return Owner(
        run.id,
        run.name,
        run.run_count,
        task.id if task else None,
        task.run_count if task else 0,
        os.getpid(),
        runs_here=not flow_context.detached,
    )


async def started_run(logger: Logger) -> "FlowRun | None":
    """The run that this process was started for. Workers see its end even where nobody lives here any more.

    None in a script, and where Prefect does not answer.
    """
    context, run_id = FlowRunContext.get(), os.environ.get("PREFECT__FLOW_RUN_ID")
    if run_id is None:
        return None
    if context is not None and context.flow_run is not None and str(context.flow_run.id) == run_id:
        return context.flow_run
    try:  # in a subflow
        async with get_client() as client:
            return await client.read_flow_run(UUID(run_id))
    except Exception as error:  # whatever it is, the flow is to get its job
        logger.warning(
            "Prefect does not tell the run %s (%s): no worker ends the job where the flow is killed",
            run_id,
            type(error).__name__,
        )
        return None


def _follow(flow: "Flow[Any, Any]") -> None:
    """Have the flow call `end_anyscale_jobs` at its end, once."""
    for hooks, add in (
        (flow.on_completion_hooks, flow.on_completion),
        (flow.on_failure_hooks, flow.on_failure),
        (flow.on_crashed_hooks, flow.on_crashed),
        (flow.on_cancellation_hooks, flow.on_cancellation),
    ):
        if end_anyscale_jobs not in hooks:
            add(end_anyscale_jobs)


async def end_anyscale_jobs(flow: "Flow[Any, Any]", flow_run: "FlowRun", state: "State[Any]") -> None:
    """The hook: end the run's jobs. When the run completed, only those of its earlier attempts."""
    completed = state.is_completed()
    _remember_end((flow_run.id, flow_run.run_count), completed)
    with _LOCK:
        own = [(job_id, owner) for job_id, owner in _JOBS.items() if owner.flow_run_id == flow_run.id]
    for job_id, owner in own:
        if completed and owner.attempt == flow_run.run_count:
            let_go(job_id)
    left = [job_id for job_id, owner in own if not completed or owner.attempt != flow_run.run_count]
    await asyncio.gather(*(end(job_id, get_logger("anyscale_job")) for job_id in left))


def _remember_end(attempt: tuple[UUID, int], completed: bool) -> None:
    with _LOCK:
        _ENDS[attempt] = completed
        while len(_ENDS) > _ENDS_KEPT:
            del _ENDS[next(iter(_ENDS))]


def hold(job_id: str, owner: Owner) -> bool:
    """Take a job to its run. False when the attempt is over by now and did not complete."""
    with _LOCK:
        if owner.process_id not in _LOOKED_AFTER:
            _LOOKED_AFTER.add(owner.process_id)
            # Undocumented, but what multiprocessing itself calls at the end of its children, where atexit is silent.
            process_end.Finalize(None, _end_at_exit, exitpriority=100)
        _JOBS[job_id] = owner
        return _ENDS.get((owner.flow_run_id, owner.attempt), True)


def let_go(job_id: str) -> None:
    """Forget a job: it is over, or may go on by itself."""
    with _LOCK:
        _JOBS.pop(job_id, None)


async def end_earlier(owner: Owner, logger: Logger) -> None:
    """End what earlier attempts of the same run left: the next attempt triggers a job of its own."""
    with _LOCK:
        former = [job_id for job_id, theirs in _JOBS.items() if theirs.came_before(owner)]
    await asyncio.gather(*(end(job_id, logger) for job_id in former))


async def end(job_id: str, logger: Logger) -> None:
    """Ask Anyscale to end a job, several times where it fails. Raises nothing: a job that is left is logged."""
    for attempt in range(_TRIES):
        try:
            async with asyncio.timeout(_TRY_S):
                await terminate_job(sdk_of_process(), job_id)
        except NotFound:
            break
        except (PfaError, TimeoutError) as error:
            reason = getattr(error, "message", "no answer")
            logger.warning("The job %s cannot be ended now: %s", job_id, reason)
            if attempt + 1 < _TRIES:
                await asyncio.sleep(_BETWEEN_S)
        else:
            logger.info("Told Anyscale to end the job %s", job_id)
            break
    else:
        logger.error("The job %s may still run: end it in Anyscale's console", job_id)
        return
    let_go(job_id)


async def breaks_off() -> bool:
    """Whether the run around a task is being broken off while the task goes on in a thread of its own.

    A signal ends the flow's function; then Prefect waits for the tasks' threads before it says anything to anybody.
    All that can be seen from such a thread is that the pool takes no more tasks, in attributes that are not public.
    """
    context = FlowRunContext.get()
    if TaskRunContext.get() is None or context is None or context.flow_run is None:
        return False
    executor = getattr(context.task_runner, "_executor", None)
    if not isinstance(context.task_runner, ThreadPoolTaskRunner) or not getattr(executor, "_shutdown", False):
        return False
    attempt = context.flow_run.id, context.flow_run.run_count
    if attempt not in _ENDS and await _completed(context.flow_run.id):
        _remember_end(attempt, completed=True)
    return not _ENDS.get(attempt, False)


async def _completed(flow_run_id: UUID) -> bool:
    try:
        async with get_client() as client:
            state = (await client.read_flow_run(flow_run_id)).state
    except Exception:  # as in `_goes_on`
        return False
    return state is not None and state.is_completed()


def _end_at_exit() -> None:
    """End what is left, each job by itself. Without threads, which cannot be started any more."""
    # A copy, since daemon threads still hold and let go. Not under the lock: a fork may begin with it taken.
    for job_id, owner in list(_JOBS.items()):
        if owner.process_id == os.getpid() and not _goes_on(owner):
            _end_here(job_id)


def _end_here(job_id: str) -> None:
    logger = get_logger("anyscale_job")
    try:
        terminate_job_here(sdk_of_process(), job_id)
    except NotFound:
        pass
    except PfaError as error:
        logger.error("The job %s may still run: %s", job_id, error.message)
    except Exception as error:  # of whatever kind: the other jobs are to be ended as well
        logger.error("The job %s may still run: %s", job_id, type(error).__name__)


def _goes_on(owner: Owner) -> bool:
    """Whether a job outlives the process that triggered it: its run completed or pauses, or runs elsewhere."""
    try:
        with get_client(sync_client=True) as client:
            state = client.read_flow_run(owner.flow_run_id).state
    except Exception:  # whatever keeps Prefect from answering: a job that nobody waits for is the worse end
        return not owner.runs_here
    if state is None:
        return not owner.runs_here
    over = state.is_final() or state.is_cancelling()
    return state.is_completed() or state.is_paused() or not (over or owner.runs_here)
