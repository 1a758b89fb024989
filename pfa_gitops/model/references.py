"""Markers on a spec's types that say what a value refers to. Links, order and the graph are read from them. Pure.

    work_pool: Annotated[str, RefTo("WorkPool")]

A marker is found on a field itself, in a union, in a list's items and in a mapping's values.
"""

import re
import typing
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, partial
from types import UnionType
from typing import Any, NamedTuple

from pydantic import BaseModel

from pfa_gitops.model.places import Path
from pfa_gitops.model.values import Action


@dataclass(frozen=True)
class RefTo:
    """The value names an object of another kind: by its `metadata.name`, or by its name on the platform."""

    kind: str
    pattern: str = "(?P<name>.+)"
    """Matches the whole value; the group `name` is the name, and `item`, where there is one, the item of the object
    that is meant, e.g. a version. A value that does not match is no reference."""
    optional: bool = False
    """The value may also name what no manifest declares, so that a missing target is no problem."""
    rewritten_on: frozenset[Action] = frozenset()
    """After these actions on the target the referring object must be written again."""
    serves: bool = False
    """The object does the target's work: flow runs that need the target need it, too."""
    overlaid_by: str = ""
    """The field beside this one whose values take the place of the target's, for this object."""
    yields_to: str = ""
    """The field beside this one that counts instead, where an overlay gives it."""


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
    sign: str = ""
    """What every match holds: a string without it need not be searched."""


Marker = RefTo | ItemOf | NotAmong | Embeds


@dataclass(frozen=True)
class Mention:
    """One place in a spec where a marker applies, and the text that stands there."""

    path: Path
    text: str
    marker: Marker


Walk = Callable[[Any, Path], Iterable[Mention]]
"""Finds the mentions in a value that stands at a path."""


def mentions(spec: BaseModel) -> Iterator[Mention]:
    """Yield every place of `spec` whose type carries a marker and whose value is set."""
    return _in_model(type(spec), spec, ())


def _in_model(model: type[BaseModel], value: Any, path: Path) -> Iterator[Mention]:
    if isinstance(value, model):
        for name, walk in _walks(type(value)):
            if (item := getattr(value, name)) is not None:
                yield from walk(item, (*path, name))


@cache
def _walks(model: type[BaseModel]) -> tuple[tuple[str, Walk], ...]:
    """How to walk the fields that may hold a marker. Found out once: most hold none, and thousands of specs follow."""
    found = ((name, _walk(info.annotation, info.metadata)) for name, info in model.model_fields.items())
    return tuple((name, walk) for name, walk in found if walk is not None)


def _walk(annotation: Any, metadata: Iterable[Any] = ()) -> Walk | None:
    """How to walk a value of that type; None where no marker can be in it."""
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Annotated:
        return _walk(arguments[0], arguments[1:])
    walks: list[Walk] = [partial(_apply, marker) for marker in metadata if isinstance(marker, Marker)]
    if origin in {typing.Union, UnionType}:
        walks += filter(None, map(_walk, arguments))
    elif isinstance(annotation, type) and issubclass(annotation, BaseModel):
        walks.append(partial(_in_model, annotation))
    elif arguments and (item := _walk(arguments[1 if _is_mapping(origin) else 0])):
        walks.append(partial(_in_items, item))
    if len(walks) > 1:
        return partial(_by_all, walks)
    return walks[0] if walks else None


def _is_mapping(origin: Any) -> bool:
    return isinstance(origin, type) and issubclass(origin, Mapping)


def _by_all(walks: Iterable[Walk], value: Any, path: Path) -> Iterator[Mention]:
    """Each mention once: a value may be of several types of a union."""
    yield from dict.fromkeys(mention for walk in walks for mention in walk(value, path))


def _in_items(walk: Walk, value: Any, path: Path) -> Iterator[Mention]:
    items: Iterable[tuple[str | int, Any]] = ()
    if isinstance(value, Mapping):
        items = value.items()
    elif isinstance(value, list | tuple):
        items = enumerate(value)
    for part, item in items:
        yield from walk(item, (*path, part))


def _apply(marker: Marker, value: Any, path: Path) -> Iterator[Mention]:
    if isinstance(marker, Embeds):
        yield from (Mention(place, text, marker) for place, text in _strings(value, path) if marker.sign in text)
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


class Named(NamedTuple):
    """What a reference reads."""

    name: str
    item: str
    """Empty where none is meant."""


def named(marker: RefTo, text: str) -> Named | None:
    """The name that `text` refers to, and the item; None where it is no reference."""
    match = re.fullmatch(marker.pattern, text)
    return Named(match["name"], match.groupdict().get("item") or "") if match else None


def embedded(marker: Embeds, text: str) -> Iterator[str]:
    """The names that stand in a free-form string."""
    for match in re.finditer(marker.pattern, text):
        yield match.expand(marker.name)
