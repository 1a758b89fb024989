"""Flow runs: start one from a deployment, follow its states and its log lines until it ends."""

import asyncio
import uuid
from collections.abc import AsyncGenerator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from pfa_gitops.model.errors import MaybeArrived, NotFound
from pfa_gitops.model.flow_runs import FlowRun, LogLine, State
from pfa_gitops.platforms.prefect._client import PrefectClient
from pfa_gitops.platforms.prefect._deployment_names import find_deployment

_POLL_S = 1.0
_ATTEMPTS = 3
# A process sends its lines in batches, every 2 s unless told otherwise, so that they come late and out of order.
_LATE = timedelta(seconds=30)
_SETTLE_POLLS = 5


async def start(client: PrefectClient, deployment: str, parameters: Mapping[str, Any]) -> FlowRun:
    """Create a run of the deployment `flow_name/name`. `parameters` are set over the deployment's own.

    Raises NotFound when there is no such deployment, Invalid when it does not take the parameters.
    """
    if (found := await find_deployment(client, deployment)) is None:
        raise NotFound(f"Prefect has no deployment {deployment}", "run pfa-gitops apply first")
    run = await _create(client, found["id"], parameters)
    return FlowRun(run["id"], run["name"], page(client.target.api_url, run["id"]))


async def _create(client: PrefectClient, deployment_id: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The key makes Prefect answer a second request with the first one's run."""
    body = {"parameters": dict(parameters), "idempotency_key": str(uuid.uuid4())}
    for _ in range(_ATTEMPTS - 1):
        try:
            return dict(await client.post(f"/deployments/{deployment_id}/create_flow_run", body))
        except MaybeArrived:
            await asyncio.sleep(_POLL_S)
    return dict(await client.post(f"/deployments/{deployment_id}/create_flow_run", body))


async def follow(client: PrefectClient, run_id: str) -> AsyncGenerator[State | LogLine]:
    """Yield each new state and log line. Ends with the lines that came after the final state."""
    seen: dict[str, datetime] = {}
    state = None
    while state is None or not state.final:
        if (now := await _state(client, run_id)) != state:
            state = now
            yield state
        for line in await _new_lines(client, run_id, seen):
            yield line
        if not state.final:
            await asyncio.sleep(_POLL_S)
    for _ in range(_SETTLE_POLLS):
        await asyncio.sleep(_POLL_S)
        for line in await _new_lines(client, run_id, seen):
            yield line


async def _state(client: PrefectClient, run_id: str) -> State:
    state = (await client.get(f"/flow_runs/{run_id}"))["state"] or {}
    return State(state.get("type", "PENDING"), state.get("name", "Pending"), state.get("message") or "")


async def _new_lines(client: PrefectClient, run_id: str, seen: dict[str, datetime]) -> list[LogLine]:
    """The lines that were not there before. Remembers those that a later question would bring again."""
    wanted: dict[str, Any] = {"flow_run_id": {"any_": [run_id]}}
    if seen:
        horizon = max(seen.values()) - _LATE
        wanted["timestamp"] = {"after_": horizon.isoformat()}
        for line_id in [known for known, time in seen.items() if time < horizon]:
            del seen[line_id]
    answer = await client.read_all("/logs/filter", {"logs": wanted, "sort": "TIMESTAMP_ASC"})
    lines = [_line(item) for item in answer if item["id"] not in seen]
    seen.update((line.id, line.time) for line in lines)
    return lines


def _line(item: Mapping[str, Any]) -> LogLine:
    time = datetime.fromisoformat(item["timestamp"])
    return LogLine(item["id"], time.astimezone(UTC), item["level"], item["message"])


def page(api_url: str, run_id: str) -> str:
    """The web page of a flow run: Prefect's own server has it beside the API, Prefect Cloud on another host."""
    base = api_url.rstrip("/").removesuffix("/api")
    cloud = "https://api.prefect.cloud/api/accounts/"
    if api_url.startswith(cloud):
        account, _, workspace = api_url.rstrip("/").removeprefix(cloud).partition("/workspaces/")
        base = f"https://app.prefect.cloud/account/{account}/workspace/{workspace}"
    return f"{base}/runs/flow-run/{run_id}"
