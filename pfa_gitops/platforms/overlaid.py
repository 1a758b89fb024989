"""Lays a desired spec over the live one, for platforms that take an object only as a whole. Pure.

It follows the same rules as the comparison: what the manifest does not name stays as it is.
"""

from collections.abc import Sequence
from typing import Any, TypeVar

from pfa_gitops.model.values import Spec
from pfa_gitops.platforms.base import FieldRules

ShapeT = TypeVar("ShapeT", bound=Spec)


def overlaid(desired: ShapeT, live: ShapeT, rules: FieldRules, path: tuple[str, ...] = ()) -> ShapeT:
    """Return `live` with everything that `desired` sets."""
    update = {
        name: _value(getattr(desired, name), getattr(live, name), rules, (*path, name))
        for name in desired.model_fields_set
    }
    return live.model_copy(update=update)


def _value(desired: Any, live: Any, rules: FieldRules, path: tuple[str, ...]) -> Any:
    if isinstance(desired, Spec) and type(desired) is type(live):
        return overlaid(desired, live, rules, path)
    if not isinstance(desired, list) or not isinstance(live, list):
        return desired
    if ".".join(path) in rules.keyed:
        return _keyed(desired, live, rules, path)
    if len(desired) != len(live):
        return desired
    return [_value(wanted, found, rules, path) for wanted, found in zip(desired, live, strict=True)]


def _keyed(desired: Sequence[Any], live: Sequence[Any], rules: FieldRules, path: tuple[str, ...]) -> list[Any]:
    rule = rules.keyed[".".join(path)]
    found = {getattr(item, rule.by): item for item in live}
    wanted = {getattr(item, rule.by): item for item in desired}
    kept = [] if rule.exclusive else [item for name, item in found.items() if name not in wanted]
    return [_value(item, found.get(name), rules, path) for name, item in wanted.items()] + kept
