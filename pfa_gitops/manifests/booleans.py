"""Finds a boolean where the model read a number: `limit: yes` is a slip, and pydantic takes it for 1. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel

from pfa_gitops.model.places import Path


def booleans_as_numbers(written: Any, read: Any) -> Iterator[Path]:
    """Yield where `written`, plain values, has a boolean and `read`, what a model made of it, a number."""
    for path in _booleans(written, ()):
        found = _at(read, path)
        if isinstance(found, int | float) and not isinstance(found, bool):
            yield path


def _booleans(value: Any, path: Path) -> Iterator[Path]:
    if isinstance(value, bool):
        yield path
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _booleans(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _booleans(item, (*path, index))


def _at(read: Any, path: Path) -> Any:
    """What the model has at the path; None where it has no such thing."""
    for part in path:
        if isinstance(read, BaseModel):
            names = (name for name, info in type(read).model_fields.items() if (info.alias or name) == part)
            read = getattr(read, next(names, ""), None)
        elif isinstance(read, Mapping):
            read = read.get(part)
        elif isinstance(read, list | tuple) and isinstance(part, int) and part < len(read):
            read = read[part]
        else:
            return None
    return read
