"""What a saved plan keeps of each change: enough to tell later whether the same change would be made. Pure.

A receipt holds no value, only digests. Where nothing else is known of a secret than that it is one, it counts as the
same: what a plan shows of it is no more.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pfa_gitops.model.inventory import Inventory
from pfa_gitops.model.places import Address, address
from pfa_gitops.model.plain import plain
from pfa_gitops.model.secrets import REDACTED, Sealed
from pfa_gitops.model.values import ABSENT, Action, Change

FORMAT = "pfa-gitops/saved-plan/v1"


@dataclass(frozen=True)
class Receipt:
    """One change of a saved plan."""

    address: Address
    action: Action
    digest: str
    """Of everything that the change would do, and of the live values that it would overwrite or delete."""


@dataclass(frozen=True)
class SavedPlan:
    """The receipts of a plan, and where it was made."""

    tool_version: str
    project: str
    environment: str
    places: Mapping[str, str]
    """The servers that were asked, by platform."""
    receipts: tuple[Receipt, ...]

    def differs(self, other: "SavedPlan") -> str | None:
        """Why this plan is not one for where `other` is made; None where it is."""
        for what in ("project", "environment"):
            if getattr(self, what) != getattr(other, what):
                return f"it is a plan for the {what} {getattr(self, what)}, and this is {getattr(other, what)}"
        for platform, place in self.places.items():
            if other.places.get(platform, place) != place:
                return f"it was made against {place}, and this is {other.places[platform]}"
        if self.tool_version != other.tool_version:
            return f"pfa-gitops {self.tool_version} made it, and this is {other.tool_version}"
        return None


def receipts(changes: Iterable[Change], inventory: Inventory) -> tuple[Receipt, ...]:
    """The receipts of all changes that write something, or make an object ours."""
    return tuple(
        Receipt(change.address, change.action, _digest(change, inventory)) for change in changes if writes(change)
    )


def writes(change: Change) -> bool:
    """Whether a change does anything, be it that an object becomes ours."""
    return change.action is not Action.NONE or change.adopts


def moved(changes: Sequence[Change], saved: SavedPlan, inventory: Inventory) -> list[Address]:
    """What would be done now and is not what the saved plan shows, or is there no more to be done."""
    now = {receipt.address: receipt for receipt in receipts(changes, inventory)}
    then = {receipt.address: receipt for receipt in saved.receipts}
    return sorted(address for address in now.keys() | then.keys() if now.get(address) != then.get(address))


def _digest(change: Change, inventory: Inventory) -> str:
    live = change.live if change.action in {Action.DELETE, Action.REPLACE} else None
    told = {
        "key": list(change.key),
        "live_key": list(change.live.key) if change.live else None,
        "adopts": change.adopts,
        "fields": [
            {"path": list(field.path), "before": _json(field.before, inventory), "after": _json(field.after, inventory)}
            for field in change.fields
        ],
        "live": _json(live.spec, inventory) if live else None,
    }
    return hashlib.sha256(json.dumps(told, sort_keys=True, default=repr).encode()).hexdigest()


def _json(value: Any, inventory: Inventory) -> Any:
    if value is ABSENT:
        return {"$absent": True}
    # A first apply has no key yet that two plans share.
    return inventory.digests.digested(value) if inventory.serial else _redacted(plain(value))


def _redacted(value: Any) -> Any:
    if isinstance(value, Sealed):
        return REDACTED
    if isinstance(value, Mapping):
        return {key: _redacted(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_redacted(item) for item in value]
    return value


def to_json(plan: SavedPlan) -> dict[str, Any]:
    """The saved plan as a document."""
    return {
        "format": FORMAT,
        "tool_version": plan.tool_version,
        "project": plan.project,
        "environment": plan.environment,
        "places": dict(plan.places),
        "receipts": [
            {"address": str(receipt.address), "action": receipt.action.value, "digest": receipt.digest}
            for receipt in plan.receipts
        ],
    }


def from_json(document: Mapping[str, Any]) -> SavedPlan:
    """The inverse of `to_json`. Raises KeyError, TypeError or ValueError for what is no saved plan."""
    if document["format"] != FORMAT:
        raise ValueError(f"its format is {document['format']!r}, and this version reads {FORMAT!r}")
    return SavedPlan(
        str(document["tool_version"]),
        str(document["project"]),
        str(document["environment"]),
        {str(platform): str(place) for platform, place in document["places"].items()},
        tuple(_receipt(item) for item in document["receipts"]),
    )


def _receipt(item: Mapping[str, Any]) -> Receipt:
    return Receipt(address(str(item["address"])), Action(item["action"]), str(item["digest"]))
