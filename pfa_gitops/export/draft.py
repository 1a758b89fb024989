"""One live object → the fields of its manifest. Reads what `Kind.complete` reads.

What the project's own source files say anyway is left out, and said where they say something else.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path as FilePath
from typing import Any

from pydantic import ValidationError

from pfa_gitops.export.minimal import FIRST, minimal, minimal_value
from pfa_gitops.model.places import Address
from pfa_gitops.model.plain import plain
from pfa_gitops.model.secrets import Concealed
from pfa_gitops.model.values import ABSENT, Change, Key, Live, Manifest, Spec
from pfa_gitops.platforms.base import Flaw, Kind, Worded


@dataclass(frozen=True)
class Draft:
    """A manifest that is to be, and what of the object it does not say."""

    kind: Kind[Any, Any]
    address: Address
    key: Key
    values: Mapping[str, Any]
    """The spec as plain values, with Concealed where a secret is."""
    root: FilePath
    flaws: tuple[Flaw, ...] = ()

    @cached_property
    def manifest(self) -> Manifest[Any] | None:
        """As it is read again, but for the secrets, which nobody read. None where it is not valid."""
        try:
            done = self.kind.complete(self.kind.spec.model_validate(_without_secrets(self.values)), self.root)
        except ValidationError:
            return None
        return None if done.flaws else Manifest(self.address, done.spec, self.key, adopt=True)


def draft(kind: Kind[Any, Any], address: Address, live: Live[Any], worded: Worded[Any], root: FilePath) -> Draft:
    """Say a live object in the words of `worded`, in a project at `root`."""
    values = minimal(worded.spec, kind.rules)
    values.pop("name", None)
    if worded.spec.name != address.name:
        values = {"name": worded.spec.name, **values}
    filled = _filled(kind, values, live.spec, root)
    kept, flaws = _readable(kind, filled, root)
    return Draft(kind, address, live.key, _in_order(kept, kind.spec), root, (*worded.flaws, *flaws))


def _filled(kind: Kind[Any, Any], values: Mapping[str, Any], live: Spec, root: FilePath) -> dict[str, Any]:
    """Leave out what source files say. Where they say something else, a comparison with what is live puts it back."""
    if not kind.rules.filled:
        return dict(values)
    left = {name: value for name, value in values.items() if name not in kind.rules.filled}
    try:
        done = kind.complete(kind.spec.model_validate(left), root)
    except ValidationError:
        return dict(values)
    for name in sorted(kind.rules.filled):
        if name not in done.spec.model_fields_set or done.flaws:
            left |= {name: values[name]} if name in values else {}
        elif _tells_apart(kind, done.spec, name, getattr(live, name)):
            left[name] = plain(getattr(live, name))
    return left


def _tells_apart(kind: Kind[Any, Any], spec: Spec, name: str, value: Any) -> bool:
    """Whether a field is part of the object's name on the platform, and the source says another one."""
    return kind.key("", spec) != kind.key("", spec.model_copy(update={name: value}))


def _readable(kind: Kind[Any, Any], values: Mapping[str, Any], root: FilePath) -> tuple[dict[str, Any], list[Flaw]]:
    """Leave out what names files that the project does not have."""
    try:
        flaws = list(kind.complete(kind.spec.model_validate(values), root).flaws)
    except ValidationError:
        return dict(values), []
    places = {str(flaw.path[0]) for flaw in flaws if flaw.path} - {
        name for name, field in kind.spec.model_fields.items() if field.is_required()
    }
    kept = {name: value for name, value in values.items() if name not in places}
    mend = "put it into the folder of the manifests, and name it there; until then it stays"
    return kept, [Flaw(flaw.path, f"{flaw.message}: {flaw.path[0]} is left out", mend) for flaw in flaws]


def _in_order(values: Mapping[str, Any], model: type[Spec]) -> dict[str, Any]:
    """As the spec declares its fields, after those that people read first."""
    return {
        name: values[name] for name in sorted(model.model_fields, key=lambda name: name not in FIRST) if name in values
    }


def corrected(one: Draft, change: Change) -> Draft:
    """The draft with the platform's own words where it does not understand ours."""
    values: Any = dict(one.values)
    for field in change.fields if change.live else ():
        values = _put(values, field.path, minimal_value(field.before, one.kind.rules, ()))
    return replace(one, values=values)


def _put(value: Any, path: Sequence[str | int], new: Any) -> Any:
    """A copy with another value at a path; as it is where there is no such place."""
    if not path:
        return new
    head, rest = path[0], path[1:]
    if isinstance(value, Mapping):
        if new is ABSENT and not rest:
            return {name: item for name, item in value.items() if name != head}
        return {**value, head: _put(value.get(head, {}) if rest else None, rest, new)}
    if isinstance(value, list) and isinstance(head, int) and head < len(value):
        return [*value[:head], _put(value[head], rest, new), *value[head + 1 :]]
    return value


def _without_secrets(value: Mapping[str, Any]) -> dict[str, Any]:
    """Without the fields that hold a secret, wherever it stands in them."""
    kept = {}
    for name, item in value.items():
        if isinstance(item, Mapping):
            inner = _without_secrets(item)
            if inner or not item:
                kept[name] = inner
        elif not _conceals(item):
            kept[name] = item
    return kept


def _conceals(value: Any) -> bool:
    if isinstance(value, list):
        return any(map(_conceals, value))
    if isinstance(value, Mapping):
        return any(map(_conceals, value.values()))
    return isinstance(value, Concealed)
