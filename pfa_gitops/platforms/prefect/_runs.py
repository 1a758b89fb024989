"""Flow runs that have not ended, as changes to a deployment or a pool see them. Reads only."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from pfa_gitops.model.impact import RunState
from pfa_gitops.platforms.prefect._client import Item, Listing, PrefectClient, any_of

LATE = "Late"
WAITING, PENDING, RUNNING = "SCHEDULED", "PENDING", "RUNNING"


def of_deployment(*ids: str) -> dict[str, Any]:
    """A filter for the runs of these deployments, by id. For many ids it may let others through."""
    return {"deployment_id": any_of(ids)}


async def unfinished(client: PrefectClient, **filters: Mapping[str, Any]) -> Listing:
    """The runs that are still to happen or under way, those of `filters` only: `flow_runs`, `work_pools` and so on."""
    runs = {**filters.pop("flow_runs", {}), "state": {"type": {"any_": [WAITING, PENDING, RUNNING]}}}
    return await client.read_all("/flow_runs/filter", {**filters, "flow_runs": runs, "sort": "ID_DESC"})


def state_of(run: Item) -> RunState:
    """How far a run is. One that waits for its retry is running: its process is there, and waits."""
    if is_under_way(run):
        return RunState.RUNNING
    return RunState.PENDING if run["state_type"] == PENDING else _unbegun(run)


def _unbegun(run: Item) -> RunState:
    return RunState.LATE if run["state_name"] == LATE else RunState.SCHEDULED


def is_waiting(run: Item) -> bool:
    """Whether nobody picked the run up yet."""
    return bool(run["state_type"] == WAITING and not run.get("run_count"))


def is_under_way(run: Item) -> bool:
    """Whether the run was begun; between two tries it is SCHEDULED again [flow_engine.py]."""
    return bool(run["state_type"] == RUNNING or (run["state_type"] == WAITING and run.get("run_count")))


def is_coming(run: Item, now: datetime) -> bool:
    """Whether a schedule made the run and it is not due: any write to the deployment drops it, and it is made anew."""
    return bool(is_waiting(run) and run["auto_scheduled"] and due(run) > now)


def due(run: Item) -> datetime:
    """When the run is to start."""
    return time(run.get("next_scheduled_start_time") or run["expected_start_time"])


def time(text: str) -> datetime:
    """A time of an answer."""
    return datetime.fromisoformat(text).astimezone(UTC)


def schedule_of(run: Item) -> str | None:
    """The id of the schedule that made the run."""
    maker = run.get("created_by") or {}
    return str(maker["id"]) if maker.get("type") == "SCHEDULE" else None


def grouped(runs: Listing, field: str) -> Mapping[str, Listing]:
    """The runs by a field, e.g. `deployment_id`. Asked for what no run has, it has an empty list."""
    groups: dict[str, Listing] = defaultdict(list)
    for run in runs:
        groups[run[field]].append(run)
    return groups
