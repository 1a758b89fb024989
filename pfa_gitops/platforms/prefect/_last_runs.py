"""The last run of many deployments at once. Reads only."""

from collections.abc import Iterable, Mapping

from pfa_gitops.platforms.prefect._client import MOST_NAMES, PAGE, Item, PrefectClient, any_of, in_parts


async def last_runs(client: PrefectClient, deployment_ids: Iterable[str]) -> Mapping[str, Item]:
    """The latest run that was begun, by the id of its deployment. Those that never ran are left out.

    Prefect groups no runs, so that one page of the latest runs of all is asked for, then one of those deployments
    that were not on it, until a page is short: a deployment that runs often hides the others once only.
    """
    found: dict[str, Item] = {}
    for part in in_parts(sorted(set(deployment_ids)), MOST_NAMES):
        found |= await _last_runs(client, set(part))
    return found


async def _last_runs(client: PrefectClient, wanted: set[str]) -> dict[str, Item]:
    found: dict[str, Item] = {}
    while left := wanted - found.keys():
        runs = {"state": {"type": {"not_any_": ["SCHEDULED"]}}}
        body = {"deployments": {"id": any_of(left)}, "flow_runs": runs, "sort": "START_TIME_DESC", "limit": PAGE}
        page = await client.ask("/flow_runs/filter", body)
        for run in page:
            found.setdefault(run["deployment_id"], run)
        if len(page) < PAGE:
            break
    return found
