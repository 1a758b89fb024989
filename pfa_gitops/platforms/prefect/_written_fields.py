"""What to write of an object whose API takes every field under our name and in our form. Pure."""

from typing import Any

from pfa_gitops.model.values import Change


def written_fields(change: Change) -> dict[str, Any]:
    """The fields that differ. The name is no field: it tells which object it is."""
    fields: dict[str, Any] = change.manifest.spec.model_dump(include=set(change.changed) - {"name"})
    return fields
