"""Looks into JSON Schemas that somebody else wrote: of what is not as it should be nothing is known. Pure."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

Schema = Mapping[str, Any]
Part = TypeVar("Part", list[Any], dict[str, Any])

JSON_TYPES: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
    "null": (type(None),),
}
ANYTHING: Schema = {}
ALTERNATIVES = ("anyOf", "oneOf")
MAX_WORDS = 80


def part(schema: Schema, name: str, of: type[Part]) -> Part:
    """A part of a schema, or an empty one where it has another form."""
    found = schema.get(name)
    return found if isinstance(found, of) else of()


def options(root: Schema, expected: Any, followed: set[str] | None = None) -> Iterator[Schema]:
    """What a value may be: alternatives, and what a reference means, one after the other.

    Each reference is followed once: it adds nothing the second time. `false` and what is no schema are no option.
    """
    followed = set() if followed is None else followed
    if expected is True:  # JSON Schema's word for anything
        yield ANYTHING
    if not isinstance(expected, Mapping):
        return
    if (reference := _reference(expected)) is not None:
        if reference not in followed:
            followed.add(reference)
            yield from options(root, _definition(root, reference), followed)
        return
    inner = [option for name in ALTERNATIVES for option in part(expected, name, list)]
    for option in inner:
        yield from options(root, option, followed)
    if not inner:
        yield expected


def _reference(expected: Schema) -> str | None:
    """What it refers to, be it by an `allOf` of one, as pydantic wrote it once."""
    match expected:
        case {"$ref": str(reference)} | {"allOf": [{"$ref": str(reference)}]}:
            return reference
        case {"$ref": _}:
            return ""
    return None


def _definition(root: Schema, reference: str) -> Any:
    """The definition that a `$ref` names; of one that is not there nothing is known."""
    found = part(root, "definitions", dict) or part(root, "$defs", dict)
    return found.get(reference.rpartition("/")[2], ANYTHING)


def types(expected: Schema) -> list[str]:
    """The names of the JSON types that are taken; none: all."""
    names = expected.get("type")
    return [name for name in (names if isinstance(names, list) else [names]) if isinstance(name, str)]


def finite(expected: Schema) -> list[Any] | None:
    """The only values that are taken, where they are listed."""
    if allowed := part(expected, "enum", list):
        return allowed
    return [expected["const"]] if "const" in expected else None


def same(left: Any, right: Any) -> bool:
    """Whether two JSON values are the same. In Python true is 1, in JSON it is not."""
    match left, right:
        case (bool(), _) | (_, bool()):
            return left is right
        case list(), list():
            return len(left) == len(right) and all(map(same, left, right))
        case dict(), dict():
            return left.keys() == right.keys() and all(same(value, right[name]) for name, value in left.items())
    return bool(left == right)


def described(expected: Schema) -> str:
    """What is taken, in words."""
    values = finite(expected)
    if values is not None:
        words = ", ".join(json.dumps(item, default=str) for item in values)
        return words if "const" in expected else f"one of {words}"
    return " or ".join(types(expected)) or "anything"


def in_words(root: Schema, expected: Any) -> str:
    """What a value may be, shortened."""
    words = " or ".join(dict.fromkeys(described(option) for option in options(root, expected))) or "nothing"
    return words if len(words) <= MAX_WORDS else f"{words[: MAX_WORDS - 1]}…"
