"""Compares a block's data with its type's schema, as far as a misprint shows. Pure.

Prefect itself takes any data: a wrong document is only found when a flow loads it. Only top-level fields are looked
at, and only where the schema leaves no doubt.
"""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from pfa_gitops.model.closest import did_you_mean
from pfa_gitops.model.places import Path, show_path
from pfa_gitops.model.secrets import Concealed, SecretRef
from pfa_gitops.platforms.base import Flaw
from pfa_gitops.platforms.prefect._block_data import REF, Secrets, reference_in

_PYTHON_TYPES: Mapping[str, tuple[type, ...]] = {
    "string": (str, Concealed, SecretRef),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list,),
    "object": (Mapping, Concealed, SecretRef),
    "null": (type(None),),
}


def flaws(data: Mapping[str, Any], fields: Mapping[str, Any], kept: Collection[str]) -> Iterator[Flaw]:
    """What is wrong with `data`. `kept` are secrets that are there already and that the manifest does not name."""
    properties: Mapping[str, Any] = fields.get("properties") or {}
    for name in data:
        if name not in properties and not fields.get("additionalProperties"):
            message = f"{fields.get('title', 'the block')} has no field {name}"
            yield Flaw(("data", name), message, did_you_mean(name, properties))
    for name in fields.get("required") or ():
        if name not in data and name not in kept:
            yield Flaw(("data",), f"{fields.get('title', 'the block')} needs the field {name}", f"add {name}")
    for name, value in data.items():
        if (types := _types(properties.get(name), fields, name in (fields.get("required") or ()))) is not None:
            yield from _check_type(("data", name), value, types)
    yield from _open_secrets(data, Secrets.of([fields]), ())


def _types(schema: Mapping[str, Any] | None, fields: Mapping[str, Any], required: bool) -> set[str] | None:
    """The JSON types that a field takes, or None where it cannot be told."""
    if schema is None or REF in schema or "allOf" in schema:
        return None
    options = schema.get("anyOf") or schema.get("oneOf") or [schema]
    types = {option.get("type") for option in options}
    if not types <= _PYTHON_TYPES.keys():
        return None
    return types if required else types | {"null"}  # older schemas do not say that an optional field takes null


def _check_type(path: Path, value: Any, types: set[str]) -> Iterator[Flaw]:
    if reference_in(value) or any(_is(value, name) for name in types):
        return
    expected = " or ".join(sorted(types - {"null"})) or "null"
    yield Flaw(path, f"{show_path(path)} must be of type {expected}", "correct the value")


def _is(value: Any, name: str) -> bool:
    """Python calls True a number, JSON does not."""
    if isinstance(value, bool) and name != "boolean":
        return False
    return isinstance(value, _PYTHON_TYPES[name])


def _open_secrets(value: Any, secrets: Secrets, path: Path) -> Iterator[Flaw]:
    """Secrets that stand in the manifest in clear."""
    if isinstance(value, Mapping):
        for name, item in value.items():
            yield from _open_secrets(item, secrets, (*path, name))
    elif secrets.cover(path) and not isinstance(value, Concealed | SecretRef | None):
        place = show_path(("data", *path))
        yield Flaw(
            ("data", *path),
            f"{place} is a secret, and a secret is never a string in a manifest",
            _REFERENCE.format(path[-1]),
        )


_REFERENCE = "write a reference, e.g. {0}: {{from_env: NAME}}"
