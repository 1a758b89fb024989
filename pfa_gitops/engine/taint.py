"""Finds known secrets that stand in clear: in what is about to be written, and in what is live. Pure.

A field that may hold a secret holds a `Sealed` or a reference, never text; so each text is one outside of such fields.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from pfa_gitops.model.errors import Problem
from pfa_gitops.model.known_secrets import KnownSecrets
from pfa_gitops.model.places import Address, Path, show_path
from pfa_gitops.model.plain import set_fields
from pfa_gitops.model.secrets import REDACTED, UNTOLD
from pfa_gitops.model.texts import texts
from pfa_gitops.model.values import FieldChange, Live, Manifest, Plan, Spec

REFER = "refer to the secret instead: `{{ prefect.blocks.secret.NAME }}`, or {from_env: NAME} where that may stand"
ROTATE = "whoever reads it there knows the secret: change the secret, and take it out there"


def in_manifests(manifests: Iterable[Manifest[Any]], known: KnownSecrets) -> Iterator[Problem]:
    """Secrets in what manifests say. The problem names the field, never the value."""
    for manifest, document in _tainted([(manifest, _document(manifest)) for manifest in manifests], known):
        for path, name in _places(document, known, ()):
            message = f"{_shown(path, known)} holds the secret {name} in clear"
            yield Problem(message, REFER, manifest.origins.at(path), _address(manifest, known))


def in_lives(pairs: Iterable[tuple[Manifest[Any], Live[Any]]], known: KnownSecrets) -> Iterator[Problem]:
    """Secrets in what is live of these manifests' objects."""
    found = [(manifest, {"spec": live.spec}) for manifest, live in pairs]
    for manifest, document in _tainted(found, known):
        for path, name in _places(document, known, ()):
            message = f"the live {_shown(path, known)} holds the secret {name} in clear"
            yield Problem(message, ROTATE, manifest.origins.at(path), _address(manifest, known))


def concealed(plan: Plan, known: KnownSecrets) -> Plan:
    """The plan without the live texts that are known to be secrets, or to have been some."""
    if not known:
        return plan
    changes = (replace(change, fields=without_secrets(change.fields, known)) for change in plan.changes)
    return replace(plan, changes=tuple(changes))


def without_secrets(fields: Iterable[FieldChange], known: KnownSecrets) -> tuple[FieldChange, ...]:
    """The same fields; of a value that holds a known secret they tell only that it does."""

    def hidden(value: Any) -> Any:
        return UNTOLD if any(map(known.name_in, texts([value]))) else value

    return tuple(replace(field, before=hidden(field.before), after=hidden(field.after)) for field in fields)


def _document(manifest: Manifest[Any]) -> Mapping[str, Any]:
    about = {"name": manifest.address.name, "labels": manifest.labels, "annotations": manifest.annotations}
    return {"metadata": about, "spec": manifest.spec}


def _address(manifest: Manifest[Any], known: KnownSecrets) -> Address | None:
    """None where the name itself is, or holds, a secret."""
    return None if known.name_in(manifest.address.name) else manifest.address


def _shown(path: Path, known: KnownSecrets) -> str:
    """A path as people read it. A key may hold a secret, too."""
    inside = path[1:] if path[0] == "spec" else path
    clear = tuple(REDACTED if isinstance(part, str) and known.name_in(part) else part for part in inside)
    return f"`{show_path(clear)}`"


Documents = Sequence[tuple[Manifest[Any], Mapping[str, Any]]]


def _tainted(documents: Documents, known: KnownSecrets) -> Iterator[tuple[Manifest[Any], Mapping[str, Any]]]:
    """Those that hold a secret. Nearly always none does, so that is found out of all together."""
    if known and any(map(known.name_in, texts(document for _, document in documents))):
        yield from (pair for pair in documents if any(map(known.name_in, texts([pair[1]]))))


def _places(value: Any, known: KnownSecrets, path: Path) -> Iterator[tuple[Path, str]]:
    """Where secrets stand in a value, and what they are called."""
    if isinstance(value, str):
        if (name := known.name_in(value)) is not None:
            yield path, name
    elif isinstance(value, Spec):
        for field in set_fields(value):
            yield from _places(getattr(value, field), known, (*path, field))
    elif isinstance(value, Mapping):
        for key, item in value.items():
            if isinstance(key, str) and (name := known.name_in(key)) is not None:
                yield (*path, key), name
            yield from _places(item, known, (*path, key))
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            yield from _places(item, known, (*path, index))
