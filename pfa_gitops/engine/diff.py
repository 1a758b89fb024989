"""Compares one manifest with its live object, field by field. The only user of deepdiff. Pure.

Only what the manifest names is compared: a field that it leaves out is not ours. An item of a keyed list was ours when
the last apply named it. Two specs of one class meet here, so nothing is known of platforms: a kind's FieldRules say
which lists are keyed or unordered.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from pfa_gitops.model.places import Path
from pfa_gitops.model.plain import plain, set_fields
from pfa_gitops.model.secrets import Concealed
from pfa_gitops.model.values import ABSENT, Action, Change, FieldChange, Live, Manifest, NamedSpec, Spec
from pfa_gitops.platforms.base import FieldRules, Keyed

SECRET_DIFFERS = "the stored secret differs"  # noqa: S105 - a sentence, no password

Pair = tuple[Any, Any]
"""A desired and a live value, brought to the same shape: mappings, lists, scalars and Sealed."""


class Place(NamedTuple):
    """Where in a spec two values meet. List indexes do not count."""

    rules: FieldRules
    path: tuple[str, ...] = ()

    @property
    def dotted(self) -> str:
        """As `FieldRules` names it."""
        return ".".join(self.path)

    def at(self, name: str) -> "Place":
        """The place of a field in here."""
        return Place(self.rules, (*self.path, name))


def diff(desired: Manifest[Any], live: Live[Any] | None, rules: FieldRules) -> Change:
    """Return what must happen so that `live` becomes `desired`."""
    if live is None:
        return Change(desired.address, Action.CREATE, _additions(desired.spec), desired)
    fields = tuple(_field_changes(desired.spec, live.spec, desired.applied, rules))
    action = Action.UPDATE if fields else Action.NONE
    if any(change.path[0] in rules.immutable for change in fields):
        action = Action.REPLACE
    return Change(desired.address, action, fields, desired, live)


def _additions(spec: Spec) -> tuple[FieldChange, ...]:
    """What a create sets. A null adds nothing to an object that is not there yet."""
    return tuple(FieldChange((name,), ABSENT, value) for name, value in plain(spec).items() if value is not None)


def _field_changes(desired: Spec, live: Spec, applied: Any, rules: FieldRules) -> Iterator[FieldChange]:
    wanted, found = _align(desired, live, applied, Place(rules))
    key = {"name"} if isinstance(desired, NamedSpec) else set()  # it found the live side: it cannot differ
    for name in wanted:
        if name not in key and not same(wanted[name], found[name]):
            enters = name not in rules.whole and _has_parts(wanted[name], found[name])
            inside = _enter(name, wanted[name], found[name]) if enters else []
            yield from inside or [_changed((name,), found[name], wanted[name])]


def _has_parts(desired: Any, live: Any) -> bool:
    """Whether a difference may be told by its place inside of the values. A list of scalars is told as a whole."""
    if isinstance(desired, list) and isinstance(live, list):
        return any(isinstance(item, dict | list) for item in (*desired, *live))
    return isinstance(desired, dict) and isinstance(live, dict)


def _enter(name: str, desired: Any, live: Any) -> list[FieldChange]:
    """Ask deepdiff where inside one field the difference is. It may find none: in a list it takes True for 1."""
    from deepdiff import DeepDiff  # noqa: PLC0415 - costs 0.3 s, and few changes need it

    tree = DeepDiff(
        live,
        desired,
        view="tree",
        ignore_private_variables=False,
        threshold_to_diff_deeper=0,  # name the keys that differ, however many they are
        custom_operators=[_SealedOperator()],
    )
    changes: dict[Path, FieldChange] = {}
    for level in (_lift(level) for levels in tree.values() for level in levels):
        path = (name, *level.path(output_format="list"))
        before, after = _present(level.t1), _present(level.t2)
        if not same(before, after):
            changes[path] = _changed(path, before, after)
    return sorted(changes.values(), key=lambda change: [str(part) for part in change.path])


def _changed(path: Path, before: Any, after: Any) -> FieldChange:
    """Two secrets look the same; say that they are not."""
    alike = repr(before) == repr(after)
    return FieldChange(path, before, after, SECRET_DIFFERS if alike else None)


def _lift(level: Any) -> Any:
    """Show a list of scalars as one value: single positions in it mean nothing to a reader."""
    parent = level.up
    while parent is not None:
        sides = (parent.t1, parent.t2)
        if all(isinstance(side, list) and not any(isinstance(item, dict | list) for item in side) for side in sides):
            return parent
        parent = parent.up
    return level


def _present(value: Any) -> Any:
    from deepdiff.helper import NotPresent  # noqa: PLC0415 - loaded by now

    return ABSENT if isinstance(value, NotPresent) or value is NotPresent else value


class _SealedOperator:
    """Keeps deepdiff from looking inside what stands for a secret: two of them are the same value or they are not."""

    def match(self, level: Any) -> bool:
        return isinstance(level.t1, Concealed) and isinstance(level.t2, Concealed)

    def give_up_diffing(self, level: Any, diff_instance: Any) -> bool:
        if level.t1 != level.t2:
            diff_instance.custom_report_result("sealed_changed", level)
        return True


def _align(desired: Any, live: Any, applied: Any, place: Place) -> Pair:
    """Bring both sides to one shape: what the manifest does not name is left out on the live side."""
    if isinstance(desired, Spec) and isinstance(live, Spec):
        pairs = {name: _align_field(desired, live, name, applied, place) for name in set_fields(desired)}
        return {name: pair[0] for name, pair in pairs.items()}, {name: pair[1] for name, pair in pairs.items()}
    if not (isinstance(desired, list) and isinstance(live, list)):
        return plain(desired), plain(live)
    if place.dotted in place.rules.keyed:
        return _align_keyed(desired, live, applied, place)
    if place.dotted in place.rules.unordered:
        return _sorted(desired), _sorted(live)
    if len(desired) != len(live):
        return plain(desired), plain(live)
    pairs_by_place = [_align(wanted, found, None, place) for wanted, found in zip(desired, live, strict=True)]
    return [pair[0] for pair in pairs_by_place], [pair[1] for pair in pairs_by_place]


def _align_field(desired: Spec, live: Spec, name: str, applied: Any, place: Place) -> Pair:
    before = applied.get(name) if isinstance(applied, Mapping) else None
    return _align(getattr(desired, name), getattr(live, name, ABSENT), before, place.at(name))


def _align_keyed(desired: Sequence[Any], live: Sequence[Any], applied: Any, place: Place) -> Pair:
    """Turn both lists into mappings by their items' key; a live item without a key stands under its position."""
    rule: Keyed = place.rules.keyed[place.dotted]
    wanted, found = _by_key(desired, rule.by), _by_key(live, rule.by)
    before = _by_key(applied, rule.by) if isinstance(applied, list) else {}
    ours = (found.keys() if rule.exclusive else before.keys()) - rule.lasting
    pairs = {key: _align(item, found[key], before.get(key), place) for key, item in wanted.items() if key in found}
    left = {key: pairs[key][0] if key in pairs else plain(item) for key, item in wanted.items()}
    right = {
        key: pairs[key][1] if key in pairs else plain(item)
        for key, item in found.items()
        if key in wanted or key in ours
    }
    return left, right


def _by_key(items: Sequence[Any], by: str) -> dict[Any, Any]:
    keyed = {}
    for position, item in enumerate(items):
        value = item.get(by) if isinstance(item, Mapping) else getattr(item, by)
        keyed[f"#{position}" if value is None else value] = item
    return keyed


def _sorted(items: Sequence[Any]) -> list[Any]:
    return sorted(plain(items), key=lambda item: json.dumps(item, sort_keys=True, default=str))


def same(desired: Any, live: Any) -> bool:
    """Equality as the platforms see it: 1 and True differ, though Python calls them equal; 1 and 1.0 are the same."""
    if isinstance(desired, bool) or isinstance(live, bool):
        return desired is live
    if isinstance(desired, Mapping) and isinstance(live, Mapping):
        return desired.keys() == live.keys() and all(same(value, live[key]) for key, value in desired.items())
    if isinstance(desired, list) and isinstance(live, list):
        return len(desired) == len(live) and all(map(same, desired, live))
    return bool(desired == live)
