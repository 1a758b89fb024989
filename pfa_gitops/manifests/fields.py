"""Follows a path through the types of a model, to know the fields that could stand there. Pure."""

import re
import typing
from collections.abc import Iterator, Mapping
from functools import cache
from types import UnionType
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from pfa_gitops.model.described import descriptions
from pfa_gitops.model.places import Path

PAIR = 2
SENTENCE = re.compile(r"(.*?)(?<!e\.g)(?<!i\.e)\.(\s|$)")


def first_sentence(text: str) -> str:
    """Without its full stop; `e.g.` ends no sentence."""
    found = SENTENCE.match(text)
    return found[1] if found else text


@cache
def own_names(model: type[BaseModel]) -> Mapping[str, str]:
    """The fields' names in Python, by the names with which they are written in a file."""
    return {info.alias or name: name for name, info in model.model_fields.items()}


def field_names(model: type[BaseModel]) -> list[str]:
    """The names as they are written in a file."""
    return list(own_names(model))


def models_at(annotation: Any, path: Path) -> list[type[BaseModel]]:
    """The models whose mapping may stand at `path` below a value of type `annotation`."""
    return [found for found in _reach(annotation, path) if isinstance(found, type) and issubclass(found, BaseModel)]


def description(model: type[BaseModel], path: Path) -> str:
    """The description of the field at `path`, or of the nearest field around it, in one line."""
    for length in range(len(path), 0, -1):
        if not isinstance(name := path[length - 1], str):
            continue
        for owner in models_at(model, path[: length - 1]):
            if text := descriptions(owner).get(own_names(owner).get(name, ""), ""):
                return " ".join(text.split())
    return ""


def _reach(annotation: Any, path: Path) -> Iterator[Any]:
    for option in _options(annotation):
        if not path:
            yield option
            continue
        yield from _step(option, path)


def _step(option: Any, path: Path) -> Iterator[Any]:
    head, rest = path[0], path[1:]
    arguments = typing.get_args(option)
    if isinstance(option, type) and issubclass(option, BaseModel):
        if isinstance(head, str) and (info := _field(option, head)) is not None:
            yield from _reach(info.annotation, rest)
    elif isinstance(head, int) and arguments:
        yield from _reach(arguments[0], rest)
    elif len(arguments) == PAIR:
        yield from _reach(arguments[1], rest)


def _options(annotation: Any) -> Iterator[Any]:
    """The types behind Annotated, unions and named aliases."""
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Annotated:
        yield from _options(arguments[0])
    elif origin in {typing.Union, UnionType}:
        for argument in arguments:
            yield from _options(argument)
    elif hasattr(annotation, "__value__"):
        yield from _options(annotation.__value__)
    else:
        yield annotation


def _field(model: type[BaseModel], name: str) -> FieldInfo | None:
    return model.model_fields.get(own_names(model).get(name, ""))
