"""Specs as plain mappings and lists: of a spec, only the fields that are set. Pure."""

from collections.abc import Mapping
from typing import Any

from pfa_gitops.model.secrets import SecretRef
from pfa_gitops.model.values import Spec


def set_fields(spec: Spec) -> list[str]:
    """The fields that were written, in the order in which the class declares them."""
    return [name for name in type(spec).model_fields if name in spec.model_fields_set]


def plain(value: Any) -> Any:
    """Return `value` as mappings, lists, scalars and Sealed. A secret reference becomes the mapping that it was."""
    if value is None or isinstance(value, str | int | float):  # most values are
        return value
    if isinstance(value, Spec):
        return {name: plain(getattr(value, name)) for name in set_fields(value)}
    if isinstance(value, SecretRef):
        return value.model_dump(exclude_none=True)
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value
