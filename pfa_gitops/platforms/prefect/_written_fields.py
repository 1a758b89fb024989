"""What to write of an object whose API takes every field under our name and in our form. Pure."""

from collections.abc import Set
from typing import Any

from pfa_gitops.model.values import Spec


def written_fields(spec: Spec, names: Set[str]) -> dict[str, Any]:
    """The fields of these names. The object's name is no field: it tells which object it is."""
    return spec.model_dump(include=set(names - {"name"}))
