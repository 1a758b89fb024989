"""Holds a deployment's parameters against the schema of its flow. Pure.

Only what is sure to fail is told: unknown names, missing ones, and values whose JSON type the schema does not take.
A value is told by its sort only: nobody here knows whether a template gave it, and that may have named a secret.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

from pfa_gitops.model.closest import did_you_mean
from pfa_gitops.platforms.base import Flaw

JSON_TYPES: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
    "null": (type(None),),
}
SORTS: Mapping[type, str] = {
    bool: "a boolean",
    str: "text",
    int: "a number",
    float: "a number",
    list: "a list",
    dict: "a mapping",
    type(None): "null",
}
"""What a message calls a value. A boolean is an int too, so that it comes first."""
RENDERED_BY_PREFECT = "__prefect_kind"
"""Stands in a value that Prefect itself turns into another one, e.g. a Jinja template or a variable."""

Schema = Mapping[str, Any]
Part = TypeVar("Part", list[Any], dict[str, Any])


def unknown(schema: Schema, parameters: Mapping[str, Any]) -> Iterator[Flaw]:
    """Parameters that the flow does not take. Their runs would fail."""
    names = list(_part(schema, "properties", dict))
    if schema.get("additionalProperties") or not (names or schema.get("title") == "Parameters"):
        return
    for name in parameters:
        if name not in names:
            takes = f"it takes {', '.join(names)}" if names else "it takes none"
            yield Flaw((name,), f"the flow has no parameter `{name}`", did_you_mean(name, names, takes))


def missing(schema: Schema, parameters: Mapping[str, Any]) -> list[str]:
    """The parameters that have neither a default nor a value."""
    required = _part(schema, "required", list)
    return [name for name in required if isinstance(name, str) and name not in parameters]


def mistyped(schema: Schema, parameters: Mapping[str, Any]) -> Iterator[Flaw]:
    """Values whose JSON type the schema does not take; Prefect would refuse them."""
    properties = _part(schema, "properties", dict)
    for name, value in parameters.items():
        if not isinstance(value, Mapping) or not (RENDERED_BY_PREFECT in value or "$ref" in value):
            options = list(_options(schema, properties.get(name), set()))
            if options and not any(_takes(option, value) for option in options):
                words = dict.fromkeys(_described(option) for option in options)
                yield Flaw((name,), f"{_sort(value)} is not what `{name}` takes", f"write {' or '.join(words)}")


def _part(schema: Schema, name: str, of: type[Part]) -> Part:
    """A part of a schema that somebody wrote by hand: of what is no such thing nothing is known."""
    found = schema.get(name)
    return found if isinstance(found, of) else of()


def _options(schema: Schema, expected: Any, followed: set[str]) -> Iterator[Schema]:
    """What a value may be. Each `anyOf` is followed, and each `$ref` once: it adds nothing the second time."""
    if expected is True:  # JSON Schema's word for anything
        yield {}
    if not isinstance(expected, Mapping):
        return
    if (reference := expected.get("$ref")) is not None:
        if isinstance(reference, str) and reference not in followed:
            followed.add(reference)
            yield from _options(schema, _definition(schema, reference), followed)
        return
    inner = _part(expected, "anyOf", list)
    for option in inner:
        yield from _options(schema, option, followed)
    if not inner:
        yield expected


def _definition(schema: Schema, reference: str) -> Any:
    """The definition that a `$ref` names; of one that is not there nothing is known."""
    found = _part(schema, "definitions", dict) or _part(schema, "$defs", dict)
    return found.get(reference.rpartition("/")[2], {})


def _takes(expected: Schema, value: Any) -> bool:
    if (allowed := _part(expected, "enum", list)) and value not in allowed:
        return False
    if "const" in expected and value != expected["const"]:
        return False
    names = _types(expected)
    return not names or any(_is(value, name) for name in names)


def _types(expected: Schema) -> list[str]:
    names = expected.get("type")
    return [name for name in (names if isinstance(names, list) else [names]) if isinstance(name, str)]


def _is(value: Any, name: str) -> bool:
    if isinstance(value, bool):
        return name == "boolean"
    if name == "integer" and isinstance(value, float):
        return value.is_integer()
    return isinstance(value, JSON_TYPES.get(name, (object,)))


def _sort(value: Any) -> str:
    return next(word for sort, word in SORTS.items() if isinstance(value, sort))


def _described(expected: Schema) -> str:
    if allowed := _part(expected, "enum", list):
        return "one of " + ", ".join(json.dumps(item, default=str) for item in allowed)
    if "const" in expected:
        return json.dumps(expected["const"], default=str)
    return " or ".join(_types(expected)) or "anything"
