"""When an object was changed last, and by whom, as Prefect tells it. Pure."""

from collections.abc import Mapping
from typing import Any

from pfa_gitops.model.values import Touch


def touch(item: Mapping[str, Any]) -> Touch | None:
    """Prefect Cloud names the user or the API key; a server of one's own only the time."""
    if not item.get("updated"):
        return None
    by = item.get("updated_by") or {}
    return Touch(str(item["updated"]), by.get("display_value"))
