"""Puts a field that left its manifest back to its default, as the last apply wrote it. Pure.

A field that no manifest ever named is not ours and stays as it is. What was named and is named no more was ours.
"""

import operator
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from pfa_gitops.model.values import Manifest, NamedSpec, Spec
from pfa_gitops.platforms.base import FieldRules, Keyed

Applied = Mapping[str, Any]


def with_resets(manifest: Manifest[Any], applied: Applied, rules: FieldRules) -> Manifest[Any]:
    """Return `manifest` with the default in each field that was applied before and that it does not name any more."""
    return replace(manifest, spec=_reset(manifest.spec, applied, rules, ()), applied=applied)


def _reset(spec: Spec, applied: Applied, rules: FieldRules, path: tuple[str, ...]) -> Spec:
    updates: dict[str, Any] = {}
    for name, before in applied.items():
        here = (*path, name)
        if ".".join(here) in rules.lasting or name not in type(spec).model_fields or _is_key(spec, name):
            continue
        if name in spec.model_fields_set:
            value = getattr(spec, name)
            if (within := _within(value, before, rules, here)) is not value:
                updates[name] = within
        elif not (field := type(spec).model_fields[name]).is_required():
            updates[name] = _explicit(field.get_default(call_default_factory=True))
    return spec.model_copy(update=updates) if updates else spec


def _is_key(spec: Spec, name: str) -> bool:
    """Another name is another object, and nothing to reset."""
    return name == "name" and isinstance(spec, NamedSpec)


def _within(value: Any, before: Any, rules: FieldRules, path: tuple[str, ...]) -> Any:
    if isinstance(value, Spec) and isinstance(before, Mapping):
        return _reset(value, before, rules, path)
    rule = rules.keyed.get(".".join(path))
    if rule and isinstance(value, list) and isinstance(before, list):
        return _items(value, before, rule, rules, path)
    return value


def _items(value: Sequence[Any], before: Sequence[Any], rule: Keyed, rules: FieldRules, path: tuple[str, ...]) -> Any:
    former = {item.get(rule.by): item for item in before if isinstance(item, Mapping)}
    items = [
        _reset(item, former.get(getattr(item, rule.by, None), {}), rules, path) if isinstance(item, Spec) else item
        for item in value
    ]
    return value if all(map(operator.is_, items, value)) else items


def _explicit(default: Any) -> Any:
    """A default as if all of it had been written."""
    if not isinstance(default, Spec):
        return default
    return default.model_copy(update={name: _explicit(getattr(default, name)) for name in type(default).model_fields})
