"""Makes a Plan of manifests and what is live. Pure: what it needs was read before."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from pfa_gitops.engine.diff import diff
from pfa_gitops.engine.order import ordered
from pfa_gitops.engine.readings import Kinds
from pfa_gitops.model.places import Address, Path
from pfa_gitops.model.values import Action, Change, FieldChange, Key, Live, Manifests, Plan, Reference, Spec

_BECOMES = {Action.UPDATE: "is updated", Action.REPLACE: "is replaced", Action.CREATE: "is created"}


def make_plan(
    environment: str,
    manifests: Manifests,
    lives: Mapping[Key, Live[Any]],
    kinds: Kinds,
    notices: Sequence[str] = (),
) -> Plan:
    """Compare every manifest with its live side. The changes come in the order in which they are applied."""
    changes: dict[Address, Change] = {}
    for manifest in ordered(manifests):
        change = diff(manifest, lives.get(manifest.key), kinds[manifest.address.kind].rules)
        changes[manifest.address] = _follow(change, changes)
    return Plan(environment, tuple(changes.values()), tuple(notices))


def _follow(change: Change, before: Mapping[Address, Change]) -> Change:
    """Write an object again when a change to what it refers to asks for that, e.g. a new compute config version."""
    if change.live is None or change.desired is None:
        return change
    forced = tuple(
        _forced(change, reference, before[reference.target])
        for reference in change.desired.references
        if reference.target in before and before[reference.target].action in reference.rewritten_on
    )
    named = {field.path for field in change.fields}
    fields = change.fields + tuple(field for field in forced if field.path not in named)
    action = Action.UPDATE if fields and change.action is Action.NONE else change.action
    return replace(change, action=action, fields=fields)


def _forced(change: Change, reference: Reference, cause: Change) -> FieldChange:
    value = _value_at(change.desired.spec if change.desired else None, reference.path)
    return FieldChange(reference.path, value, value, f"{reference.target} {_BECOMES[cause.action]}")


def _value_at(value: Any, path: Path) -> Any:
    for part in path:
        value = getattr(value, str(part)) if isinstance(value, Spec) else value[part]
    return value
