"""Puts sealed values where manifests hold secret references that the platform must store by value."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pfa_gitops.engine.readings import Kinds
from pfa_gitops.model.errors import Problem, SecretMissing
from pfa_gitops.model.secrets import Fetch, Sealed, SecretRef, find_secret_refs
from pfa_gitops.model.values import Manifest, Manifests, Spec


async def seal(manifests: Manifests, kinds: Kinds, fetch: Fetch) -> tuple[list[Manifest[Any]], list[Problem]]:
    """Return the manifests with their secrets fetched, each store's value once, and what could not be fetched."""
    found = [
        (manifest, secret)
        for manifest in manifests
        if kinds[manifest.address.kind].rules.resolves_secrets
        for secret in find_secret_refs(manifest.spec)
    ]
    values: dict[SecretRef, Sealed] = {}
    missing: dict[SecretRef, SecretMissing] = {}
    for ref in dict.fromkeys(secret.ref for _, secret in found):
        try:
            values[ref] = await fetch(ref)
        except SecretMissing as error:
            missing[ref] = error
    problems = [
        missing[secret.ref].problem(manifest.address, manifest.origins.at(("spec", *secret.path)))
        for manifest, secret in found
        if secret.ref in missing
    ]
    holders = {manifest.address for manifest, _ in found}
    return [_sealed(manifest, values) if manifest.address in holders else manifest for manifest in manifests], problems


def _sealed(manifest: Manifest[Any], values: Mapping[SecretRef, Sealed]) -> Manifest[Any]:
    return replace(manifest, spec=_substitute(manifest.spec, values))


def _substitute(value: Any, values: Mapping[SecretRef, Sealed]) -> Any:
    if isinstance(value, SecretRef):
        return values.get(value, value)
    if isinstance(value, Spec):
        fields = {name: _substitute(getattr(value, name), values) for name in value.model_fields_set}
        return value.model_copy(update=fields)
    if isinstance(value, Mapping):
        return {key: _substitute(item, values) for key, item in value.items()}
    if isinstance(value, list):
        return [_substitute(item, values) for item in value]
    return value
