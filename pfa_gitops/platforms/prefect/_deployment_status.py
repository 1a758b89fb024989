"""How deployments do right now: whether their schedules rest, and what became of the last run. Reads only."""

from collections.abc import Mapping

from pfa_gitops.model.places import Address
from pfa_gitops.model.status import Cell, Health, Status, absent
from pfa_gitops.platforms.prefect._client import Item, PrefectClient
from pfa_gitops.platforms.prefect._deployment_links import NO_POOL, SERVED
from pfa_gitops.platforms.prefect._last_runs import last_runs

_WENT_WRONG = frozenset({"FAILED", "CRASHED"})


async def deployment_statuses(client: PrefectClient, items: Mapping[Address, Item | None]) -> list[Status]:
    """The status of each deployment, by the address of its manifest; None stands for one that is not there."""
    runs = await last_runs(client, (item["id"] for item in items.values() if item))
    return [_status(client, address, item, runs.get(item["id"])) if item else absent(address)
            for address, item in items.items()]  # fmt: skip


def _status(client: PrefectClient, address: Address, item: Item, run: Item | None) -> Status:
    paused = bool(item["paused"])
    facts: dict[str, Cell] = {
        "paused": paused,
        "work_pool": item["work_pool_name"],
        "work_queue": item["work_queue_name"],
        "last_run": run["name"] if run else None,
        "last_run_id": run["id"] if run else None,
        "last_run_state": run["state_name"] if run else None,
    }
    nowhere = item["work_pool_name"] is None and item.get("status") != SERVED
    told = f"last run {run['name']}: {run['state_name']}" if run else "has not run yet"
    since = client.moment((run["state"] or {}).get("timestamp")) if run else None
    parts = (NO_POOL if nowhere else "", "paused" if paused else "", told if run or not nowhere else "")
    went_wrong = run is not None and run["state_type"] in _WENT_WRONG
    health = Health.ATTENTION if went_wrong or nowhere else Health.GOOD
    return Status(address, health, ", ".join(part for part in parts if part), since, facts)
