"""Classes the changes of a plan by what harm they may do. Pure.

What is known of platforms comes from the kinds: `FieldRules.guards` names the fields that hold something back, and
`Kind.risks` adds what only the kind knows.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from pfa_gitops.engine.guards import DESTRUCTIVE
from pfa_gitops.engine.readings import Kinds
from pfa_gitops.model.impact import Effect
from pfa_gitops.model.places import Path
from pfa_gitops.model.risk import Risk, by_severity
from pfa_gitops.model.secret_names import names_secret
from pfa_gitops.model.secrets import Concealed, is_secret_ref
from pfa_gitops.model.values import ABSENT, Action, Change, FieldChange, Plan
from pfa_gitops.platforms.base import FieldRules

PLACEHOLDER = "{{"
"""Begins what the platform fills in later: such a text names a secret, and is none."""


def with_risks(plan: Plan, kinds: Kinds) -> Plan:
    """The plan with the risks of each change. They follow from its impact, too, so that comes before."""
    bared = {address for address, on in plan.protection if not on}
    changes = (
        replace(change, risks=_risks(change, kinds, unprotected=change.address in bared)) for change in plan.changes
    )
    return replace(plan, changes=tuple(changes))


def _risks(change: Change, kinds: Kinds, *, unprotected: bool) -> tuple[Risk, ...]:
    kind = kinds[change.address.kind]
    found = set(kind.risks(change))
    found |= {Risk.DESTROYS} if change.action in DESTRUCTIVE else set()
    found |= {Risk.DROPS_RUNS} if any(run.effect is Effect.DROPPED for run in change.impact) else set()
    found |= {Risk.LOOSENS_PROTECTION} if unprotected or _loosens(change.fields, kind.rules) else set()
    found |= {Risk.EXPOSES_SECRET} if any(map(_exposes, change.fields)) else set()
    if not found and (change.action is not Action.NONE or change.adopts):
        found = {Risk.SAFE}
    return by_severity(found)


def _loosens(fields: Iterable[FieldChange], rules: FieldRules) -> bool:
    return any(_looser(before, after) for field in fields for before, after in _guarded(field, rules))


def _guarded(field: FieldChange, rules: FieldRules) -> Iterator[tuple[Any, Any]]:
    """What a change says of guards: it may stand at one, or around it. An item that comes or goes is no such change."""
    place = _names(field.path, rules)
    if place == _names(field.path[:-1], rules):
        return
    for guard in rules.guards:
        parts = tuple(guard.split("."))
        if parts[: len(place)] == place:
            inside = parts[len(place) :]
            yield _at(field.before, inside), _at(field.after, inside)


def _names(path: Path, rules: FieldRules) -> tuple[str, ...]:
    """A path as `FieldRules` has it: without positions in lists, and without the names of a keyed list's items."""
    names: list[str] = []
    item = False
    for part in path:
        if not item and not isinstance(part, int):
            names.append(part)
        item = not item and ".".join(names) in rules.keyed
    return tuple(names)


def _at(value: Any, names: tuple[str, ...]) -> Any:
    for name in names:
        value = value.get(name, ABSENT) if isinstance(value, Mapping) else ABSENT
    return value


def _looser(before: Any, after: Any) -> bool:
    """Whether a limit is higher or gone, a switch is off, or what was named is named no more."""
    if before is None or before is ABSENT or before is False:
        return False
    if isinstance(before, bool):
        return after is not True
    if after is None or after is ABSENT:
        return True
    return isinstance(before, int | float) and isinstance(after, int | float) and after > before


def _exposes(field: FieldChange) -> bool:
    name = next((part for part in reversed(field.path) if isinstance(part, str)), "")
    return _is_bared(field.before, field.after, name)


def _is_bared(before: Any, after: Any, name: str) -> bool:
    """Whether text takes a secret's place, or stands newly under a secret's name."""
    if isinstance(after, Concealed) or is_secret_ref(after):
        return False
    secret = isinstance(before, Concealed) or is_secret_ref(before)
    if isinstance(after, Mapping):
        known = before if isinstance(before, Mapping) and not secret else {}
        place = before if secret else ABSENT
        return any(_is_bared(known.get(key, place), value, str(key)) for key, value in after.items())
    if isinstance(after, list):
        return any(_is_bared(before if secret else ABSENT, value, name) for value in after)
    in_clear = isinstance(after, str) and bool(after) and PLACEHOLDER not in after
    return in_clear and (secret or (after != before and names_secret(name)))
