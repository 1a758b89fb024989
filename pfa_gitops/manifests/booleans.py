"""Finds a boolean where the model read a number: `limit: yes` is a slip, and pydantic takes it for 1. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel

from pfa_gitops.manifests.fields import own_names
from pfa_gitops.model.places import Path


def booleans_as_numbers(written: Any, read: Any) -> Iterator[Path]:
    """Yield where `written`, plain values, has a boolean and `read`, what a model made of it, a number."""
    for path in _booleans(written, ()):
        found = _at(read, path)
        if isinstance(found, int | float) and not isinstance(found, bool):
            yield path


def _booleans(value: Any, path: Path) -> Iterator[Path]:
    """The places of the booleans below `value`, which stands at `path`."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for part, item in items:
        if isinstance(item, bool):
            yield (*path, part)
        elif isinstance(item, dict | list):
            yield from _booleans(item, (*path, part))


def _at(read: Any, path: Path) -> Any:
    """What the model has at the path; None where it has no such thing."""
    for part in path:
        if isinstance(read, BaseModel):
            read = getattr(read, own_names(type(read)).get(str(part), ""), None)
        elif isinstance(read, Mapping):
            read = read.get(part)
        elif isinstance(read, list | tuple) and isinstance(part, int) and part < len(read):
            read = read[part]
        else:
            return None
    return read
