"""Puts another value at a path of a spec. The copy has the same fields set. Pure."""

from typing import Any, TypeVar

from pydantic import BaseModel

from pfa_gitops.model.places import Path

Tree = TypeVar("Tree")


def substitute(value: Tree, path: Path, new: Any) -> Tree:
    """Return a copy of `value` with `new` at `path`."""
    return _substitute(value, path, new)  # type: ignore[no-any-return]  # a copy is of the same type


def _substitute(value: Any, path: Path, new: Any) -> Any:
    if not path:
        return new
    head, rest = path[0], path[1:]
    if isinstance(value, BaseModel):
        changed = _substitute(getattr(value, str(head)), rest, new)
        copy = value.model_copy(update={str(head): changed})
        copy.model_fields_set.intersection_update(value.model_fields_set)  # model_copy counts the update as set
        return copy
    if isinstance(value, dict):
        return {**value, head: _substitute(value[head], rest, new)}
    items = list(value)
    items[int(head)] = _substitute(items[int(head)], rest, new)
    return tuple(items) if isinstance(value, tuple) else items
