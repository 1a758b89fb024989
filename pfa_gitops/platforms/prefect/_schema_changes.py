"""Compares two schemas of a flow's parameters: what changes, and whether it breaks who gave the right ones. Pure.

A change is safe only where every value that was taken is taken still, as far as both schemas name its fields: what a
model lets pass unnamed was never heeded. Where that cannot be told, the change is breaking.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Any

from pfa_gitops.model.contract import ContractChange, ParameterChange
from pfa_gitops.platforms.prefect._parameter_values import fits
from pfa_gitops.platforms.prefect._schema_parts import Schema, finite, in_words, options, part, same, types

MAX_STEPS = 5_000
"""How many parts of two schemas are compared. What is larger counts as another type."""
WORDS = frozenset(
    {"title", "description", "examples", "deprecated", "position", "default", "discriminator", "readOnly"}
)
"""What says nothing of the values that are taken."""
STRUCTURE = frozenset(
    {"type", "enum", "const", "properties", "required", "additionalProperties", "prefixItems", "items"}
)
LOWER = frozenset({"minLength", "minItems", "minProperties"})
UPPER = frozenset({"maxLength", "maxItems", "maxProperties"})
RANGES = frozenset({"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"})
UNHEARD = frozenset({"position", "title", "default"})
"""What Prefect and Python add to a parameter, and nobody reads."""


def is_known(schema: Any) -> bool:
    """Whether a schema says which parameters there are. That of a deployment without a source does not."""
    return isinstance(schema, dict) and bool(schema.get("title") == "Parameters" or part(schema, "properties", dict))


def contract_changes(live: Schema, desired: Schema, given: Collection[str] = ()) -> list[ContractChange]:
    """Every parameter that changes, in the order of the desired schema, then those that go.

    `given` names the parameters that the deployment itself gives, so that nobody can lack them.
    """
    if not (is_known(live) and is_known(desired)):
        return []
    before, after = part(live, "properties", dict), part(desired, "properties", dict)
    changes = [change for name in after for change in _of_parameter(name, live, desired, given)]
    takes_all = bool(desired.get("additionalProperties"))
    gone = [ContractChange(name, ParameterChange.REMOVED, not takes_all) for name in before if name not in after]
    return [*changes, *gone]


def _of_parameter(name: str, live: Schema, desired: Schema, given: Collection[str]) -> Iterator[ContractChange]:
    after = part(desired, "properties", dict)[name]
    required = name in part(desired, "required", list)
    if name not in part(live, "properties", dict):
        kind = ParameterChange.ADDED_REQUIRED if required else ParameterChange.ADDED
        yield ContractChange(name, kind, required and name not in given, in_words(desired, after))
        return
    before = part(live, "properties", dict)[name]
    was_required = name in part(live, "required", list)
    if required and not was_required:
        yield ContractChange(name, ParameterChange.REQUIRED, name not in given)
    if was_required and not required:
        yield ContractChange(name, ParameterChange.OPTIONAL, breaking=False)
    yield from _of_type(name, (live, before), (desired, after))


def _of_type(name: str, live: tuple[Schema, Any], desired: tuple[Schema, Any]) -> Iterator[ContractChange]:
    if same(live[1], desired[1]) and same(_definitions(live[0]), _definitions(desired[0])):
        return
    covers, covered = takes_all(desired, live), takes_all(live, desired)
    if not covers:
        kind = ParameterChange.NARROWED if covered else ParameterChange.RETYPED
        yield ContractChange(name, kind, breaking=True, detail=_detail(live, desired))
    elif not covered:
        yield ContractChange(name, ParameterChange.WIDENED, breaking=False, detail=_detail(live, desired))
    default = [_default(schema) for _, schema in (live, desired)]
    if None not in default and not same(*default):
        yield ContractChange(name, ParameterChange.DEFAULT, breaking=False)
    if covers and covered and _words(live) != _words(desired):
        yield ContractChange(name, ParameterChange.DESCRIBED, breaking=False)


def _definitions(root: Schema) -> Any:
    return part(root, "definitions", dict) or part(root, "$defs", dict)


def _default(schema: Any) -> list[Any] | None:
    return [schema["default"]] if isinstance(schema, dict) and "default" in schema else None


def _words(side: tuple[Schema, Any]) -> Any:
    root, schema = side
    found = [{name: option.get(name) for name in sorted(WORDS - UNHEARD)} for option in options(root, schema)]
    return schema.get("description") if isinstance(schema, dict) else None, found


def _detail(live: tuple[Schema, Any], desired: tuple[Schema, Any]) -> str:
    """What it took and takes. Values that are no longer taken are named."""
    lists = [[finite(option) for option in options(*side)] for side in (live, desired)]
    if all(values is not None for values in lists[0]):
        gone = [value for values in lists[0] for value in values or () if not fits(*desired, value)]
        if gone:
            return f"no longer {in_words({}, {'enum': gone}).removeprefix('one of ')}"
    before, after = in_words(*live), in_words(*desired)
    return f"{before} → {after}" if before != after else ""


def takes_all(wide: tuple[Schema, Any], narrow: tuple[Schema, Any]) -> bool:
    """Whether the first takes every value that the second takes. Each is a schema's root, and a part of it."""
    return _Comparison(wide[0], narrow[0]).any_covers(wide[1], narrow[1])


@dataclass
class _Comparison:
    """Two schemas, and how far they were compared."""

    wide_root: Schema
    narrow_root: Schema
    steps: int = 0
    assumed: set[tuple[int, int]] = field(default_factory=set)
    """Parts that are being compared: what refers to itself covers itself as long as nothing else speaks against it."""

    def any_covers(self, wide: Any, narrow: Any) -> bool:
        """Whether each option of the one is covered by an option of the other."""
        self.steps += 1
        if self.steps > MAX_STEPS:
            return False
        if (pair := (id(wide), id(narrow))) in self.assumed:
            return True
        self.assumed.add(pair)
        found = list(options(self.wide_root, wide))
        try:
            return all(self._is_covered(found, option) for option in options(self.narrow_root, narrow))
        finally:
            self.assumed.discard(pair)

    def _is_covered(self, found: list[Schema], narrow: Schema) -> bool:
        if (values := finite(narrow)) is not None:
            return all(any(self._takes(wide, narrow, value) for wide in found) for value in values)
        names = types(narrow)
        if len(names) > 1:
            return all(self._is_covered(found, {**narrow, "type": name}) for name in names)
        return any(self._covers(wide, narrow) for wide in found)

    def _takes(self, wide: Schema, narrow: Schema, value: Any) -> bool:
        """Whether a listed value is taken; one that its own schema does not take need not be."""
        if not fits(self.narrow_root, narrow, value):
            return True
        unsure = [name for name in wide if name not in WORDS | STRUCTURE | LOWER | UPPER | RANGES]
        return fits(self.wide_root, wide, value) and all(wide[name] == narrow.get(name) for name in unsure)

    def _covers(self, wide: Schema, narrow: Schema) -> bool:
        if finite(wide) is not None or not self._takes_type(wide, narrow):
            return False
        return (
            self._ranges_cover(wide, narrow)
            and self._rest_covers(wide, narrow)
            and self._fields_cover(wide, narrow)
            and self._items_cover(wide, narrow)
        )

    @staticmethod
    def _takes_type(wide: Schema, narrow: Schema) -> bool:
        taken, needed = types(wide), types(narrow)
        taken += ["integer"] if "number" in taken else []
        return not taken or (bool(needed) and set(needed) <= set(taken))

    @staticmethod
    def _ranges_cover(wide: Schema, narrow: Schema) -> bool:
        return _lowest(wide) <= _lowest(narrow) and _highest(wide) >= _highest(narrow)

    @staticmethod
    def _rest_covers(wide: Schema, narrow: Schema) -> bool:
        """Sizes must not be tighter; whatever else is said, e.g. a pattern, must be said by both."""
        for name, value in wide.items():
            if name in WORDS | STRUCTURE | RANGES:
                continue
            other = narrow.get(name)
            if name in LOWER | UPPER and isinstance(value, int) and isinstance(other, int):
                if (other < value) if name in LOWER else (other > value):
                    return False
            elif not same(value, other):
                return False
        return True

    def _fields_cover(self, wide: Schema, narrow: Schema) -> bool:
        """Fields that only the wide one names are no values of the narrow one, as far as that names its fields."""
        if not _may_be(narrow, "object"):
            return True
        mine, theirs = part(wide, "properties", dict), part(narrow, "properties", dict)
        my_others, their_others = wide.get("additionalProperties"), narrow.get("additionalProperties")
        if not set(part(wide, "required", list)) <= set(part(narrow, "required", list)):
            return False
        if my_others is False and their_others is not False:
            return False
        if their_others is None and not theirs:
            their_others = True  # a mapping of anything
        if my_others is None:
            my_others = not mine  # what a model does not name, it does not heed
        others_pass = their_others in (None, False) or self.any_covers(my_others, their_others)
        named = {name: mine.get(name, my_others) for name in {**theirs, **(mine if their_others else {})}}
        return others_pass and all(self.any_covers(w, theirs.get(name, their_others)) for name, w in named.items())

    def _items_cover(self, wide: Schema, narrow: Schema) -> bool:
        if not _may_be(narrow, "array"):
            return True
        mine, theirs = part(wide, "prefixItems", list), part(narrow, "prefixItems", list)
        my_rest, their_rest = wide.get("items", True), narrow.get("items", True)
        longest, most = max(len(mine), len(theirs)), narrow.get("maxItems")
        pairs = [(_at(mine, n, my_rest), _at(theirs, n, their_rest)) for n in range(longest)]
        if not (isinstance(most, int) and most <= longest):
            pairs.append((my_rest, their_rest))
        return all(self.any_covers(w, n) for w, n in pairs)


def _at(first: list[Any], number: int, rest: Any) -> Any:
    return first[number] if number < len(first) else rest


def _may_be(schema: Schema, name: str) -> bool:
    return not types(schema) or name in types(schema)


def _lowest(schema: Schema) -> tuple[float, bool]:
    """The bound, and whether it is itself excluded."""
    return max(_bounds(schema, minimum=False, exclusiveMinimum=True), default=(float("-inf"), False))


def _highest(schema: Schema) -> tuple[float, bool]:
    """The bound, and whether it is itself included, so that the larger one lets more pass."""
    return min(_bounds(schema, maximum=True, exclusiveMaximum=False), default=(float("inf"), True))


def _bounds(schema: Schema, **names: bool) -> Iterator[tuple[float, bool]]:
    for name, mark in names.items():
        if isinstance(bound := schema.get(name), int | float) and not isinstance(bound, bool):
            yield bound, mark
