"""Finds a boolean where the model read a number: `limit: yes` is a slip, and pydantic takes it for 1. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import BaseModel

from pfa_gitops.model.places import Path


def booleans_as_numbers(written: Any, read: Any, path: Path = ()) -> Iterator[Path]:
    """Yield where `written` has a boolean and `read`, what a model made of it, a number."""
    if isinstance(written, bool):
        if isinstance(read, int | float) and not isinstance(read, bool):
            yield path
    elif isinstance(written, Mapping):
        found = _by_key(read)
        for key, item in written.items():
            yield from booleans_as_numbers(item, found.get(key), (*path, key))
    elif isinstance(written, Sequence) and not isinstance(written, str) and isinstance(read, list | tuple):
        for index, (item, made) in enumerate(zip(written, read, strict=False)):
            yield from booleans_as_numbers(item, made, (*path, index))


def _by_key(read: Any) -> Mapping[str, Any]:
    if isinstance(read, BaseModel):
        return {info.alias or name: getattr(read, name) for name, info in type(read).model_fields.items()}
    return read if isinstance(read, Mapping) else {}
