"""When an object was made and changed last, and by whom, as Prefect tells it. Pure."""

from collections.abc import Mapping
from typing import Any

from pfa_gitops.model.values import Touch


def touch(item: Mapping[str, Any]) -> Touch | None:
    """Prefect Cloud names the user or the API key; a server of one's own only the time."""
    if not item.get("updated"):
        return None
    by = item.get("updated_by") or {}
    return Touch(str(item["updated"]), by.get("display_value"))


def made(item: Mapping[str, Any]) -> Touch | None:
    """The same of its creation."""
    if not item.get("created"):
        return None
    by = item.get("created_by") or {}
    return Touch(str(item["created"]), by.get("display_value"))
