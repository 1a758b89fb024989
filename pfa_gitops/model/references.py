"""Markers on a spec's types that say what a value refers to. Links, order and the graph are read from them. Pure.

    work_pool: Annotated[str, RefTo("WorkPool")]

A marker is found on a field itself, in a union, in a list's items and in a mapping's values.
"""

import re
import typing
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import UnionType
from typing import Any

from pydantic import BaseModel

from pfa_gitops.model.places import Path
from pfa_gitops.model.values import Action


@dataclass(frozen=True)
class RefTo:
    """The value names an object of another kind: by its `metadata.name`, or by its name on the platform."""

    kind: str
    pattern: str = "(?P<name>.+)"
    """Matches the whole value; the group `name` is the name. A value that does not match is no reference."""
    optional: bool = False
    """The value may also name what no manifest declares, so that a missing target is no problem."""
    rewritten_on: frozenset[Action] = frozenset()
    """After these actions on the target the referring object must be written again."""


@dataclass(frozen=True)
class ItemOf:
    """The value names an item of a list of the object that a sibling field refers to, e.g. a queue of the pool."""

    sibling: str
    """The field, beside this one, that refers to the owner."""
    items: str
    """The owner's list; its items are told apart by `name`."""
    always: frozenset[str] = frozenset()
    """Names that are there without being declared."""
    kind: str = ""
    """The kind that declares one such item by itself; its key is `owner/item`."""


@dataclass(frozen=True)
class NotAmong:
    """The object is an item of the object that this field refers to; that one's list may not declare it too."""

    items: str
    """The owner's list; its items are told apart by `name`."""


@dataclass(frozen=True)
class Embeds:
    """The value is free-form, and its strings may hold references, e.g. Prefect's `{{ prefect.blocks.a.b }}`."""

    kind: str
    pattern: str
    """Searched in every string. Always optional."""
    name: str = r"\g<name>"
    """Makes the name on the platform of the pattern's groups, e.g. `\\g<type>/\\g<name>` for a block."""


Marker = RefTo | ItemOf | NotAmong | Embeds


@dataclass(frozen=True)
class Mention:
    """One place in a spec where a marker applies, and the text that stands there."""

    path: Path
    text: str
    marker: Marker


def mentions(spec: BaseModel) -> Iterator[Mention]:
    """Yield every place of `spec` whose type carries a marker and whose value is set."""
    for name, info in type(spec).model_fields.items():
        value = getattr(spec, name)
        for marker in info.metadata:
            if isinstance(marker, Marker):
                yield from _apply(marker, value, (name,))
        yield from _walk(info.annotation, value, (name,))


def _walk(annotation: Any, value: Any, path: Path) -> Iterator[Mention]:
    """Follow the type and the value together."""
    if isinstance(value, BaseModel):
        yield from (Mention(path + found.path, found.text, found.marker) for found in mentions(value))
        return
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Annotated:
        for marker in arguments[1:]:
            if isinstance(marker, Marker):
                yield from _apply(marker, value, path)
        yield from _walk(arguments[0], value, path)
    elif origin in {typing.Union, UnionType}:
        for argument in arguments:
            yield from _walk(argument, value, path)
    elif isinstance(value, list | tuple) and arguments:
        for index, item in enumerate(value):
            yield from _walk(arguments[0], item, (*path, index))
    elif isinstance(value, Mapping) and len(arguments) == 2:  # noqa: PLR2004 - a mapping's two types
        for key, item in value.items():
            yield from _walk(arguments[1], item, (*path, key))


def _apply(marker: Marker, value: Any, path: Path) -> Iterator[Mention]:
    if isinstance(marker, Embeds):
        yield from (Mention(place, text, marker) for place, text in _strings(value, path))
    elif isinstance(value, str):
        yield Mention(path, value, marker)


def _strings(value: Any, path: Path) -> Iterator[tuple[Path, str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _strings(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _strings(item, (*path, index))


def named(marker: RefTo, text: str) -> str | None:
    """The name that `text` refers to, or None where it is no reference."""
    match = re.fullmatch(marker.pattern, text)
    return match["name"] if match else None


def embedded(marker: Embeds, text: str) -> Iterator[str]:
    """The names that stand in a free-form string."""
    for match in re.finditer(marker.pattern, text):
        yield match.expand(marker.name)
