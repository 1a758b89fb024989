"""Flow runs: start one from a deployment, cancel it, where to look at it. `_follow_run` follows it."""

import asyncio
import uuid
from collections.abc import Mapping
from typing import Any

from pfa_gitops.model.errors import MaybeArrived, NotFound
from pfa_gitops.model.flow_runs import FlowRun
from pfa_gitops.platforms.prefect._client import PrefectClient
from pfa_gitops.platforms.prefect._deployment_names import find_deployment
from pfa_gitops.platforms.prefect._run_checks import check_given

_PAUSE_S = 1.0
_ATTEMPTS = 3


async def start(
    client: PrefectClient, deployment: str, parameters: Mapping[str, Any], job_variables: Mapping[str, Any]
) -> FlowRun:
    """Create a run of the deployment `flow_name/name`. What is given is set over the deployment's own.

    Raises NotFound when there is no such deployment, ProblemsFound when it does not take what is given.
    """
    if (found := await find_deployment(client, deployment)) is None:
        raise NotFound(f"Prefect has no deployment {deployment}", "run pfa-gitops apply first")
    await check_given(client, found, parameters, job_variables)
    body: dict[str, Any] = {"parameters": dict(parameters)}
    if job_variables:
        body["job_variables"] = dict(job_variables)
    run = await _create(client, found["id"], body)
    return FlowRun(run["id"], run["name"], page(client.target.api_url, run["id"]))


async def _create(client: PrefectClient, deployment_id: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """The key makes Prefect answer a second request with the first one's run."""
    path, body = f"/deployments/{deployment_id}/create_flow_run", {**body, "idempotency_key": str(uuid.uuid4())}
    for _ in range(_ATTEMPTS - 1):
        try:
            return dict(await client.post(path, body))
        except MaybeArrived:
            await asyncio.sleep(_PAUSE_S)
    return dict(await client.post(path, body))


async def cancel(client: PrefectClient, run_id: str) -> bool:
    """Ask Prefect to cancel a run, as its own command does. False where the run had ended already."""
    answer = await client.post_twice(f"/flow_runs/{run_id}/set_state", {"state": {"type": "CANCELLING"}})
    return bool(answer["status"] == "ACCEPT") or (answer.get("state") or {}).get("type") in {"CANCELLING", "CANCELLED"}


def page(api_url: str, run_id: str) -> str:
    """The web page of a flow run: Prefect's own server has it beside the API, Prefect Cloud on another host."""
    base = api_url.rstrip("/").removesuffix("/api")
    cloud = "https://api.prefect.cloud/api/accounts/"
    if api_url.startswith(cloud):
        account, _, workspace = api_url.rstrip("/").removeprefix(cloud).partition("/workspaces/")
        base = f"https://app.prefect.cloud/account/{account}/workspace/{workspace}"
    return f"{base}/runs/flow-run/{run_id}"
