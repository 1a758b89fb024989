"""All that a Prefect server and an Anyscale emulator have, read from their own APIs: as it is, or comparable.

Comparable: two projects that were made another way, at another time, and are the same, look the same. An id becomes
the name of what it stands for; times go.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from support.anyscale_emulator import AnyscaleEmulator
from support.prefect_server import PrefectServer

Raw = Mapping[str, Mapping[str, Any]]
"""Objects by listing and id."""
Chosen = Callable[[str], bool]
"""Whether an object of that name counts."""

_PREFECT = {
    "work pool": "/work_pools/filter",
    "block": "/block_documents/filter",
    "variable": "/variables/filter",
    "limit": "/v2/concurrency_limits/filter",
    "deployment": "/deployments/filter",
    "automation": "/automations/filter",
    "flow": "/flows/filter",
}
_ANYSCALE = {
    "service": ("GET", "/api/v2/services-v2/?count=50&archive_status=ALL"),
    "schedule": ("GET", "/api/v2/experimental_cron_jobs/?count=50"),
    "image": ("GET", "/api/v2/application_templates/?count=50&include_archived=true"),
    "compute config": ("POST", "/api/v2/compute_templates/search?count=50"),
}
OWN_TYPE = "pfa-gitops-inventory"
OWN_TAG = "pfa-gitops-lock"
_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|[a-z0-9]+_[a-z0-9]{20,}")
_TIMES = {"created", "updated", "created_at", "last_modified_at", "last_polled", "last_activity_at", "next_trigger_at"}
_MOMENTARY = {
    "active_slots",
    "auth_token",
    "base_url",
    "hostname",
    "id",
    "status",
    "handler_type",
    "created_by",
    "updated_by",
    "auto_scheduled",
}


def of_prefect(server: PrefectServer, chosen: Chosen) -> Raw:
    """The raw answers about all objects of a chosen name, but for what pfa-gitops keeps for itself."""
    found: dict[str, dict[str, Any]] = {}
    for label, path in _PREFECT.items():
        body = {"include_secrets": True} if label == "block" else {}
        items = [item for item in _pages(server, path, body) if not _is_own(item) and chosen(str(item["name"]))]
        found[label] = {item["id"]: item for item in items}
    queues = [queue for pool in found["work pool"].values() for queue in _queues(server, pool["name"])]
    return found | {"queue": {queue["id"]: queue for queue in queues}}


def of_anyscale(emulator: AnyscaleEmulator, chosen: Chosen) -> Raw:
    """The raw answers about all objects of a chosen name."""
    found: dict[str, dict[str, Any]] = {}
    for label, (method, path) in _ANYSCALE.items():
        items = _anyscale_pages(emulator, method, path)
        found[label] = {item["id"]: item for item in items if chosen(str(item.get("name")))}
    return found


def _is_own(item: Mapping[str, Any]) -> bool:
    return OWN_TAG in (item.get("tags") or ()) or (item.get("block_type") or {}).get("slug") == OWN_TYPE


def _pages(server: PrefectServer, path: str, body: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    offset = 0
    while page := server.post(path, {**body, "limit": 200, "offset": offset}):
        yield from page
        offset += len(page)


def _queues(server: PrefectServer, pool: str) -> list[Mapping[str, Any]]:
    return list(server.post(f"/work_pools/{pool.replace(' ', '%20')}/queues/filter", {}))


def _anyscale_pages(emulator: AnyscaleEmulator, method: str, path: str) -> Iterator[Mapping[str, Any]]:
    body = {"archive_status": "ALL", "version": -1} if method == "POST" else None
    token = ""
    while True:
        answer = emulator.call(method, f"{path}&paging_token={token}" if token else path, body)
        yield from answer["results"]
        token = (answer.get("metadata") or {}).get("next_paging_token")
        if not token:
            return


def comparable(raw: Raw, prefix: str) -> dict[str, list[Any]]:
    """The objects without ids, times and the prefix of their names, sorted."""
    raw = json.loads(json.dumps(raw).replace(prefix, "(prefix)"))
    names = {number: f"({label} {item['name']})" for label, items in raw.items() for number, item in items.items()}
    return {
        label: sorted(
            (_plain(item, names) for item in items.values()), key=lambda item: json.dumps(item, sort_keys=True)
        )
        for label, items in raw.items()
    }


def _plain(value: Any, names: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        kept = {key: _plain(item, names) for key, item in value.items() if key not in _TIMES | _MOMENTARY}
        if "ray_serve_config" in kept:
            del kept["version"]  # a rollout's name, made up
        kept |= {key: "(a time)" for key in kept if key.endswith("_at") and kept[key] is not None}
        return {key: kept[key] for key in sorted(kept)}
    if isinstance(value, list):
        items = [_plain(item, names) for item in value]
        return sorted(items, key=json.dumps) if items and all(isinstance(item, dict) for item in items) else items
    if isinstance(value, str):
        for number, name in names.items():
            value = value.replace(number, name)
        return _ID.sub("(an id)", value)
    return value


def but_counters(state: Mapping[str, list[Any]]) -> dict[str, list[Any]]:
    """A state without the numbers of versions, which tell how often something was changed on the way."""
    return dict(json.loads(re.sub(r'"version": \d+', '"version": "(a number)"', json.dumps(state))))


def differences(found: Mapping[str, list[Any]], wanted: Mapping[str, list[Any]]) -> list[str]:
    """What one state has and the other has not, a line each."""
    lines = []
    for label in sorted({*found, *wanted}):
        here, there = ([json.dumps(item, sort_keys=True) for item in side.get(label, ())] for side in (found, wanted))
        lines += [f"{label}, not wanted: {item}" for item in (Counter(here) - Counter(there)).elements()]
        lines += [f"{label}, missing: {item}" for item in (Counter(there) - Counter(here)).elements()]
    return lines
