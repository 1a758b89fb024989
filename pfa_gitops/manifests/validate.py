"""Drafts → Manifests: the spec gets its kind's types, and the kind's own checks. Reads what `Kind.complete` reads."""

from collections.abc import Iterable, Mapping
from pathlib import Path as FilePath
from typing import Any

from pydantic import ValidationError

from pfa_gitops.manifests.booleans import booleans_as_numbers
from pfa_gitops.manifests.findings import Findings
from pfa_gitops.manifests.misfits import Misfits
from pfa_gitops.manifests.parse import Draft
from pfa_gitops.model.errors import Problem
from pfa_gitops.model.places import Path, show_path
from pfa_gitops.model.values import Key, Manifest
from pfa_gitops.platforms.base import Kind

Kinds = Mapping[str, Kind[Any, Any]]


def validate(drafts: Iterable[Draft], kinds: Kinds, root: FilePath, findings: Findings) -> list[Manifest[Any]]:
    """Return the manifests that are right in themselves; what is wrong with the others goes to `findings`."""
    manifests: list[Manifest[Any]] = []
    keys: dict[Key, Manifest[Any]] = {}
    for draft in drafts:
        manifest = _manifest(draft, kinds[draft.address.kind], root, findings)
        if manifest is None:
            continue
        if (first := keys.setdefault(manifest.key, manifest)) is not manifest:
            findings.add([_same_key(manifest, first)])
        manifests.append(manifest)
    return manifests


def _manifest(draft: Draft, kind: Kind[Any, Any], root: FilePath, findings: Findings) -> Manifest[Any] | None:
    try:
        spec = kind.spec.model_validate(draft.spec)
    except ValidationError as error:
        misfits = Misfits(kind.spec, draft.spec, ("spec",), draft.places, draft.address)
        findings.drop(draft.document, misfits.problems(error))
        return None
    if slips := [_no_number(draft, path) for path in booleans_as_numbers(draft.spec, spec)]:
        findings.drop(draft.document, slips)
        return None
    completed = kind.complete(spec, root)
    if completed.flaws:
        flaws = [draft.problem(("spec", *flaw.path), flaw.message, flaw.mend) for flaw in completed.flaws]
        findings.drop(draft.document, flaws)
        return None
    key = kind.key(draft.address.name, completed.spec)
    about = draft.metadata
    manifest = Manifest(
        draft.address,
        completed.spec,
        key,
        about.labels,
        about.annotations,
        draft.places.origins,
        adopt=about.adopt,
        protect=about.protect,
    )
    findings.add(kind.check(manifest))
    return manifest


def _no_number(draft: Draft, path: Path) -> Problem:
    place = ("spec", *path)
    written = draft.places.texts.get(place, "a boolean")
    return draft.problem(place, f"`{show_path(place)}` must be a number, not `{written}`", "write the number itself")


def _same_key(manifest: Manifest[Any], first: Manifest[Any]) -> Problem:
    place = first.origins.at(("metadata", "name"))
    message = f"{manifest.address} and {first.address} are the same {manifest.key.kind} `{manifest.key.name}`"
    origin = manifest.origins.at(("spec", "name")) or manifest.origins.at(("metadata", "name"))
    return Problem(f"{message}; the first is in {place}", "name one of them otherwise", origin, manifest.address)
