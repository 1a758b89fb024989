"""A spec as plain values with what needs saying: nothing that is at its default. Pure."""

from collections.abc import Mapping
from typing import Any

from pfa_gitops.engine.diff import same
from pfa_gitops.model.plain import plain, set_fields
from pfa_gitops.model.values import Spec
from pfa_gitops.platforms.base import FieldRules

FIRST = frozenset({"name", "type"})
"""What people read first of a mapping."""


def minimal(spec: Spec, rules: FieldRules) -> dict[str, Any]:
    """The fields of `spec` that are set and differ from their defaults; what has no default always."""
    return _fields(spec, rules, ())


def minimal_value(value: Any, rules: FieldRules, path: tuple[str, ...]) -> Any:
    """The same of a value at `path`, which counts no indexes."""
    if isinstance(value, Spec):
        # What is written is on, even where all of it is at its defaults: {} would hide what that means.
        return _fields(value, rules, path) or _first(value)
    if isinstance(value, list):
        return [minimal_value(item, rules, path) for item in value]
    if isinstance(value, Mapping):
        return {name: minimal_value(item, rules, (*path, name)) for name, item in value.items()}
    return plain(value)


def _fields(spec: Spec, rules: FieldRules, path: tuple[str, ...]) -> dict[str, Any]:
    return {
        name: _number(minimal_value(getattr(spec, name), rules, (*path, name)))
        for name in sorted(set_fields(spec), key=lambda name: name not in FIRST)
        if _says_something(spec, name, ".".join((*path, name)) in rules.lasting)
    }


def _number(value: Any) -> Any:
    """60 for 60.0: the class of the spec knows which it is."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _says_something(spec: Spec, name: str, lasting: bool) -> bool:
    """A field without a default to go back to says something whatever its value, but for none."""
    field, value = type(spec).model_fields[name], getattr(spec, name)
    if field.is_required():
        return True
    if lasting:
        return value is not None
    return not same(plain(value), _whole(field.get_default(call_default_factory=True), value))


def _whole(default: Any, value: Any) -> Any:
    """A default as plain values, with the fields that `value` sets: those say where they differ."""
    if isinstance(default, Spec) and isinstance(value, Spec) and type(default) is type(value):
        return {name: _whole(getattr(default, name), getattr(value, name)) for name in set_fields(value)}
    return plain(default)


def _first(spec: Spec) -> dict[str, Any]:
    """The first field that is set and is not null."""
    for name in set_fields(spec):
        if (value := getattr(spec, name)) is not None:
            return {name: plain(value)}
    return {}
