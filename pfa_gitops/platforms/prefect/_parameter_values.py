"""Holds a deployment's parameters against the schema of its flow. Pure.

Only what is sure to fail is told: unknown names, missing ones, and values that the schema does not take, down to the
fields of models and the items of lists. Patterns and formats are left to Prefect: a pattern can keep a machine busy.
A value is told by its sort only: nobody here knows whether a template gave it, and that may have named a secret.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from pfa_gitops.model.closest import did_you_mean
from pfa_gitops.model.places import Path
from pfa_gitops.platforms.base import Flaw
from pfa_gitops.platforms.prefect._schema_parts import (
    JSON_TYPES,
    Schema,
    described,
    finite,
    options,
    part,
    same,
    types,
)

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
MAX_STEPS = 3_000
"""How many values of a parameter are looked at: alternatives within alternatives would keep a plan busy."""
RENDERED_BY_PREFECT = "__prefect_kind"
"""Stands in a value that Prefect itself turns into another one, e.g. a Jinja template or a variable."""
BOUNDS: Mapping[str, tuple[str, Callable[[Any, Any], bool]]] = {
    "minimum": ("at least", lambda value, bound: value >= bound),
    "maximum": ("at most", lambda value, bound: value <= bound),
    "exclusiveMinimum": ("more than", lambda value, bound: value > bound),
    "exclusiveMaximum": ("less than", lambda value, bound: value < bound),
}
SIZES: Mapping[type, tuple[str, str, str]] = {
    str: ("minLength", "maxLength", "characters"),
    list: ("minItems", "maxItems", "items"),
    dict: ("minProperties", "maxProperties", "fields"),
}


class Misfit(NamedTuple):
    """What a schema does not take of a value."""

    path: Path
    message: str
    """With `{place}` for the path."""
    mend: str


def unknown(schema: Schema, parameters: Mapping[str, Any]) -> Iterator[Flaw]:
    """Parameters that the flow does not take. Their runs would fail."""
    names = list(part(schema, "properties", dict))
    if schema.get("additionalProperties") or not (names or schema.get("title") == "Parameters"):
        return
    for name in parameters:
        if name not in names:
            takes = f"it takes {', '.join(names)}" if names else "it takes none"
            yield Flaw((name,), f"the flow has no parameter `{name}`", did_you_mean(name, names, takes))


def missing(schema: Schema, parameters: Mapping[str, Any]) -> list[str]:
    """The parameters that have neither a default nor a value."""
    required = part(schema, "required", list)
    return [name for name in required if isinstance(name, str) and name not in parameters]


def mistyped(schema: Schema, parameters: Mapping[str, Any]) -> Iterator[Flaw]:
    """Values that the schema does not take, with the place within the parameter; Prefect would refuse them."""
    properties = part(schema, "properties", dict)
    for name, value in parameters.items():
        if name in properties and not _may_be_null(schema, name, value):
            for misfit in misfits(schema, properties[name], value, (name,)):
                place = ".".join(str(step) for step in misfit.path)
                yield Flaw(misfit.path, misfit.message.replace("{place}", place), misfit.mend)


def fits(root: Schema, expected: Any, value: Any) -> bool:
    """Whether a value is taken, as far as it is looked at here."""
    return next(misfits(root, expected, value), None) is None


def misfits(
    root: Schema, expected: Any, value: Any, path: Path = (), steps: Iterator[int] | None = None
) -> Iterator[Misfit]:
    """What a schema does not take of a value; nothing where the schema says nothing, or after MAX_STEPS looks."""
    steps = iter(range(MAX_STEPS)) if steps is None else steps
    if next(steps, None) is None:
        return
    if isinstance(value, Mapping) and (RENDERED_BY_PREFECT in value or "$ref" in value):
        return
    found = list(options(root, expected))
    if not found:
        return
    likely = [option for option in found if _is_one_of(types(option), value)]
    attempts = [list(_within(root, option, value, path, steps)) for option in likely]
    if any(not attempt for attempt in attempts):
        return
    if len(attempts) == 1:
        yield from attempts[0]
    elif attempts and all(finite(option) is None for option in likely):
        mend = f"it fits none of the {len(likely)} sorts that there are"
        yield Misfit(path, f"{_sort(value)} is not what `{{place}}` takes", mend)
    else:
        yield _no_option(found, value, path)


def _no_option(found: list[Schema], value: Any, path: Path) -> Misfit:
    words = dict.fromkeys(map(described, found))
    return Misfit(path, f"{_sort(value)} is not what `{{place}}` takes", f"write {' or '.join(words)}")


def _may_be_null(schema: Schema, name: str, value: Any) -> bool:
    """Prefect takes null for what may be left out and has no default [schema_tools/validation.py]."""
    expected = part(schema, "properties", dict)[name]
    required = part(schema, "required", list)
    return value is None and isinstance(expected, Mapping) and "default" not in expected and name not in required


def _is_one_of(names: list[str], value: Any) -> bool:
    return not names or any(is_a(value, name) for name in names)


def is_a(value: Any, name: str) -> bool:
    """Whether a value is of the JSON type of that name. 2.0 is an integer, true is no number."""
    if isinstance(value, bool):
        return name == "boolean"
    if name == "integer" and isinstance(value, float):
        return value.is_integer()
    return isinstance(value, JSON_TYPES.get(name, (object,)))


def _within(root: Schema, expected: Schema, value: Any, path: Path, steps: Iterator[int]) -> Iterator[Misfit]:
    """What one option, whose type the value has, does not take of it."""
    allowed = finite(expected)
    if allowed is not None and not any(same(value, one) for one in allowed):
        yield _no_option([expected], value, path)
        return
    yield from _out_of_bounds(expected, value, path)
    if isinstance(value, Mapping):
        yield from _in_mapping(root, expected, value, path, steps)
    elif isinstance(value, list):
        yield from _in_list(root, expected, value, path, steps)


def _out_of_bounds(expected: Schema, value: Any, path: Path) -> Iterator[Misfit]:
    if _is_number(value):
        for name, (words, holds) in BOUNDS.items():
            bound = expected.get(name)
            if _is_number(bound) and not holds(value, bound):
                yield Misfit(path, "the number is not what `{place}` takes", f"write {words} {bound}")
    least, most, what = SIZES.get(type(value), ("", "", ""))
    if what and isinstance(bound := expected.get(least), int) and len(value) < bound:
        yield Misfit(path, f"`{{place}}` has too few {what}", f"write at least {bound}")
    if what and isinstance(bound := expected.get(most), int) and len(value) > bound:
        yield Misfit(path, f"`{{place}}` has too many {what}", f"write at most {bound}")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _in_mapping(
    root: Schema, expected: Schema, value: Mapping[str, Any], path: Path, steps: Iterator[int]
) -> Iterator[Misfit]:
    properties = part(expected, "properties", dict)
    others = expected.get("additionalProperties")
    for name, item in value.items():
        if name in properties:
            if not _may_be_null(expected, name, item):
                yield from misfits(root, properties[name], item, (*path, name), steps)
        elif others is False:
            mend = did_you_mean(str(name), list(properties), f"it takes {', '.join(properties) or 'none'}")
            yield Misfit((*path, name), "`{place}` is no field that is taken there", mend)
        elif isinstance(others, Mapping):
            yield from misfits(root, others, item, (*path, name), steps)
    for name in missing(expected, value):
        yield Misfit(path, f"`{{place}}` lacks the field `{name}`", f"write `{name}`")


def _in_list(root: Schema, expected: Schema, value: list[Any], path: Path, steps: Iterator[int]) -> Iterator[Misfit]:
    first, others = part(expected, "prefixItems", list), expected.get("items")
    for number, item in enumerate(value):
        wanted = first[number] if number < len(first) else others
        if wanted is not None and wanted is not False:
            yield from misfits(root, wanted, item, (*path, number), steps)


def _sort(value: Any) -> str:
    return next(word for sort, word in SORTS.items() if isinstance(value, sort))
