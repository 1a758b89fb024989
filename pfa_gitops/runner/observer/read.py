"""Reads the runs that the observer judges from Prefect, 200 a page. Nothing is written."""

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING
from uuid import UUID

from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterId,
    FlowRunFilterState,
    FlowRunFilterStateName,
    FlowRunFilterStateType,
    WorkPoolFilter,
    WorkPoolFilterId,
)
from prefect.client.schemas.objects import StateType
from prefect.client.schemas.sorting import FlowRunSort

from pfa_gitops.runner.claims import claim_in
from pfa_gitops.runner.observer.values import Phase, Run

if TYPE_CHECKING:
    from datetime import datetime

    from prefect.client.orchestration import PrefectClient
    from prefect.client.schemas.objects import FlowRun

_A_PAGE = 200  # as many as the server gives at once
_IN_PROCESS_RETRY = "AwaitingRetry"
_NEED_A_JOB = FlowRunFilterState(
    type=FlowRunFilterStateType(any_=[StateType.PENDING, StateType.RUNNING, StateType.PAUSED, StateType.CANCELLING])
)
# A flow that waits for its own retry is Scheduled, and its process lives.
_MAY_NEED_ONE = FlowRunFilterState(name=FlowRunFilterStateName(any_=[_IN_PROCESS_RETRY]))


async def tended_runs(client: "PrefectClient", pool_id: UUID) -> list[Run]:
    """The pool's runs that need a job, or have one that is to end."""
    found = await asyncio.gather(*(_in_states(client, pool_id, wanted) for wanted in (_NEED_A_JOB, _MAY_NEED_ONE)))
    runs = {run.id: as_run(run) for some in found for run in some}  # one may move to the next page meanwhile
    return [run for run in runs.values() if run.phase not in {Phase.WAITING, Phase.FINAL}]


async def _in_states(client: "PrefectClient", pool_id: UUID, wanted: FlowRunFilterState) -> "list[FlowRun]":
    found: list[FlowRun] = []
    while True:
        page = await client.read_flow_runs(
            flow_run_filter=FlowRunFilter(state=wanted),
            work_pool_filter=WorkPoolFilter(id=WorkPoolFilterId(any_=[pool_id])),
            sort=FlowRunSort.ID_DESC,
            limit=_A_PAGE,
            offset=len(found),
        )
        found += page
        if len(page) < _A_PAGE:
            return found


async def runs_by_id(client: "PrefectClient", ids: Sequence[UUID]) -> dict[str, Run]:
    """Some runs, whatever their state. One that is not there any more is left out."""
    pages = [ids[start : start + _A_PAGE] for start in range(0, len(ids), _A_PAGE)]
    found = await asyncio.gather(
        *(
            client.read_flow_runs(flow_run_filter=FlowRunFilter(id=FlowRunFilterId(any_=list(page))), limit=_A_PAGE)
            for page in pages
        )
    )
    return {str(run.id): as_run(run) for page in found for run in page}


def as_run(run: "FlowRun") -> Run:
    """A flow run as far as its job is concerned."""
    state = run.state
    return Run(
        id=run.id,
        name=run.name,
        phase=phase_of(run),
        state_name=str(state.name) if state else "",
        state_id=str(state.id) if state else "",
        pick_up=pick_up_of(run),
        claim=claim_in(run.labels),
        pid=run.infrastructure_pid,
        begun=run.start_time is not None,
        count=run.run_count,
        completed=state is not None and state.is_completed(),
        queued=_scheduled_time(run) is not None,
        lease=state.state_details.deployment_concurrency_lease_id if state else None,
    )


def pick_up_of(run: "FlowRun") -> str:
    """Which pick-up a Pending run is in. Prefect copies the time from the Scheduled state to the Pending ones."""
    when = _scheduled_time(run)
    if when is not None:
        return when.isoformat()
    return str(run.state.id) if run.state else ""


def _scheduled_time(run: "FlowRun") -> "datetime | None":
    return run.state.state_details.scheduled_time if run.state else None


def phase_of(run: "FlowRun") -> Phase:
    """What its state means for its job."""
    state = run.state
    if state is None:
        return Phase.WAITING
    if state.is_final():
        return Phase.FINAL
    if state.is_paused():
        return Phase.WAITING if state.state_details.pause_reschedule else Phase.RUNNING
    if state.is_scheduled():
        waits_inside = state.name == _IN_PROCESS_RETRY and run.empirical_policy.retry_type == "in_process"
        return Phase.RUNNING if waits_inside else Phase.WAITING
    return {
        StateType.PENDING: Phase.PENDING,
        StateType.RUNNING: Phase.RUNNING,
        StateType.CANCELLING: Phase.CANCELLING,
    }[state.type]
