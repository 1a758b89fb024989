"""Deployments by the name that people give: `flow_name/name`. Reads only."""

from typing import Any

from pfa_gitops.model.errors import NotFound
from pfa_gitops.platforms.prefect._client import PrefectClient
from pfa_gitops.platforms.prefect._naming import in_path


async def find_deployment(client: PrefectClient, name: str) -> dict[str, Any] | None:
    """The deployment as the server tells it, or None where there is none. Neither name may hold a slash."""
    flow_name, _, own = name.partition("/")
    try:
        return dict(await client.get(f"/deployments/name/{in_path(flow_name)}/{in_path(own)}"))
    except NotFound:
        return None
