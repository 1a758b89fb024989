"""Holds a deployment's parameters against the schema of its flow. Pure.

Only what is sure to fail is told: unknown names, missing ones, and values whose JSON type the schema does not take.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

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
RENDERED_BY_PREFECT = "__prefect_kind"
"""Stands in a value that Prefect itself turns into another one, e.g. a Jinja template or a variable."""

Schema = Mapping[str, Any]


def unknown(schema: Schema, parameters: Mapping[str, Any]) -> Iterator[Flaw]:
    """Parameters that the flow does not take. Their runs would fail."""
    names = list(schema.get("properties") or {})
    if schema.get("additionalProperties") or not (names or schema.get("title") == "Parameters"):
        return
    for name in parameters:
        if name not in names:
            takes = f"it takes {', '.join(names)}" if names else "it takes none"
            yield Flaw((name,), f"the flow has no parameter `{name}`", did_you_mean(name, names, takes))


def missing(schema: Schema, parameters: Mapping[str, Any]) -> list[str]:
    """The parameters that have neither a default nor a value."""
    return [name for name in schema.get("required") or [] if name not in parameters]


def mistyped(schema: Schema, parameters: Mapping[str, Any]) -> Iterator[Flaw]:
    """Values whose JSON type the schema does not take; Prefect would refuse them."""
    for name, value in parameters.items():
        expected = (schema.get("properties") or {}).get(name)
        if isinstance(expected, Mapping) and not _takes(schema, expected, value):
            yield Flaw((name,), f"{_shown(value)} is not what `{name}` takes", f"write {_described(schema, expected)}")


def _takes(schema: Schema, expected: Schema, value: Any) -> bool:
    expected = _resolved(schema, expected)
    if isinstance(value, Mapping) and (RENDERED_BY_PREFECT in value or "$ref" in value):
        return True
    if "anyOf" in expected:
        return any(_takes(schema, option, value) for option in expected["anyOf"])
    if "enum" in expected and value not in expected["enum"]:
        return False
    if "const" in expected and value != expected["const"]:
        return False
    types = expected.get("type", [])
    names = [types] if isinstance(types, str) else types
    return not names or any(_is(value, name) for name in names)


def _is(value: Any, name: str) -> bool:
    if isinstance(value, bool):
        return name == "boolean"
    if name == "integer" and isinstance(value, float):
        return value.is_integer()
    return isinstance(value, JSON_TYPES.get(name, (object,)))


def _resolved(schema: Schema, expected: Schema) -> Schema:
    """The definition that a `$ref` names; of one that is not there nothing is known."""
    prefix, _, name = str(expected.get("$ref", "")).rpartition("/")
    if not prefix:
        return expected
    found = (schema.get("definitions") or schema.get("$defs") or {}).get(name, {})
    return found if isinstance(found, Mapping) else {}


def _shown(value: Any) -> str:
    text = json.dumps(value, default=str)
    return f"`{text}`" if len(text) <= 40 else f"a value such as `{text[:30]}…`"  # noqa: PLR2004 - a line's room


def _described(schema: Schema, expected: Schema) -> str:
    expected = _resolved(schema, expected)
    if "anyOf" in expected:
        return " or ".join(dict.fromkeys(_described(schema, option) for option in expected["anyOf"]))
    if "enum" in expected:
        return "one of " + ", ".join(json.dumps(item) for item in expected["enum"])
    if "const" in expected:
        return json.dumps(expected["const"])
    return str(expected.get("type", "anything"))
