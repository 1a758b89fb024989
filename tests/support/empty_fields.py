"""Makes of one case's spec many: each field of it, at any depth, null and empty.

Null and empty are where a manifest and a platform most easily mean the same and say it differently.
"""

import typing
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel

EMPTY: tuple[Any, ...] = (None, {}, [], "")


def emptied(model: type[BaseModel], spec: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield `spec` again and again, each time with one field null or empty, and the name of that."""
    for name, info in model.model_fields.items():
        for value in EMPTY:
            yield f"{name}: {value!r}", {**spec, name: value}
        for nested in models_in(info.annotation):
            for label, value in _inside(nested, spec.get(name)):
                yield f"{name}.{label}", {**spec, name: value}


def _inside(model: type[BaseModel], value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        yield from emptied(model, value)
    if isinstance(value, list):
        for index, item in enumerate(value):
            for label, changed in _inside(model, item):
                yield f"{index}.{label}", [*value[:index], changed, *value[index + 1 :]]


def models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    """The models that stand in a type, in a list or a union too."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in typing.get_args(annotation):
        yield from models_in(argument)
