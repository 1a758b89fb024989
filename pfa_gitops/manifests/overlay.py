"""Drafts and overrides → patched drafts. Each patched value keeps the place where the override says it. Pure."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from typing import Any

from pydantic import ValidationError

from pfa_gitops.manifests.allowance import Allowance
from pfa_gitops.manifests.document import Document, Places
from pfa_gitops.manifests.findings import Findings
from pfa_gitops.manifests.misfits import Misfits
from pfa_gitops.manifests.override import KIND, OverrideSpec
from pfa_gitops.manifests.parse import Draft
from pfa_gitops.model.closest import did_you_mean
from pfa_gitops.model.errors import Problem
from pfa_gitops.model.places import Path
from pfa_gitops.model.secrets import is_secret_ref

PATCH: Path = ("spec", "patch")


@dataclass(frozen=True)
class Override:
    """One override, understood."""

    draft: Draft
    spec: OverrideSpec

    def matches(self, draft: Draft) -> bool:
        """Whether `draft` is patched by this."""
        match = self.spec.match
        named = match.names is None or any(fnmatchcase(draft.address.name, pattern) for pattern in match.names)
        labelled = all(draft.metadata.labels.get(key) == value for key, value in (match.labels or {}).items())
        return draft.address.kind == match.kind and named and labelled


def applies_elsewhere(document: Document, environment: str, environments: Collection[str]) -> bool:
    """Whether this is an override that names other environments only, so that it need not be rendered here.

    A name that is no environment's, or a template, is left to the checks that follow.
    """
    spec = document.value.get("spec") if document.kind == KIND else None
    named = spec.get("environments") if isinstance(spec, dict) else None
    if not isinstance(named, list) or not named or environment in named:
        return False
    return all(isinstance(name, str) and name in environments for name in named)


@dataclass(frozen=True)
class Setting:
    """What overrides are judged by."""

    kinds: Collection[str]
    """The kinds that can be patched."""
    environments: Collection[str]
    """All environments of the project."""
    environment: str
    """The chosen one."""
    now: datetime
    allowance: Allowance = field(default_factory=Allowance)
    """What is left for the project."""


def overlay(drafts: Iterable[Draft], setting: Setting, findings: Findings) -> list[Draft]:
    """Return the drafts that are no overrides, patched in the order in which the overrides stand."""
    drafts = list(drafts)
    targets = [draft for draft in drafts if draft.address.kind != KIND]
    written = [_understood(draft, setting, findings) for draft in drafts if draft.address.kind == KIND]
    for override in filter(None, written):
        if _applies(override, setting, findings):
            targets = _patch_all(targets, override, setting.allowance, findings)
    return targets


def _applies(override: Override, setting: Setting, findings: Findings) -> bool:
    spec = override.spec
    if spec.environments is not None and setting.environment not in spec.environments:
        return False
    if spec.until is not None and spec.until <= setting.now:
        moment = spec.until.isoformat().replace("+00:00", "Z")
        findings.notices.append(f"{override.draft.address} ended at {moment} and is not applied; remove it")
        return False
    if spec.until is not None:
        left = _roughly(spec.until - setting.now)
        findings.notices.append(f"{override.draft.address} ends in {left}: {spec.reason}")
    return True


def _roughly(time: timedelta) -> str:
    """A time in its largest unit, e.g. `3 days`."""
    for unit, seconds in (("day", 86400), ("hour", 3600), ("minute", 60)):
        if (count := int(time.total_seconds() // seconds)) > 0:
            return f"{count} {unit}{'s' if count > 1 else ''}"
    return "less than a minute"


def _patch_all(targets: list[Draft], override: Override, allowance: Allowance, findings: Findings) -> list[Draft]:
    origin, match = override.draft.document.origin, override.spec.match
    allowance.compared(len(targets) * (1 + len(match.names or ()) + len(match.labels or ())), origin)
    matching = {draft.address for draft in targets if override.matches(draft)}
    if not matching:
        findings.notices.append(f"{override.draft.address} matches no manifest")
    allowance.values(len(matching) * len(override.draft.places.values), origin)
    allowance.compared(sum(len(draft.places.values) for draft in targets if draft.address in matching), origin)
    return [_patched(draft, override) if draft.address in matching else draft for draft in targets]


def _understood(draft: Draft, setting: Setting, findings: Findings) -> Override | None:
    try:
        spec = OverrideSpec.model_validate(draft.spec)
    except ValidationError as error:
        misfits = Misfits(OverrideSpec, draft.spec, ("spec",), draft.places, draft.address)
        findings.add(misfits.problems(error))
        return None
    problems = [*_check_kind(draft, spec, setting.kinds), *_check_environments(draft, spec, setting.environments)]
    findings.add(problems)
    return None if problems else Override(draft, spec)


def _check_kind(draft: Draft, spec: OverrideSpec, kinds: Collection[str]) -> Iterable[Problem]:
    kind = spec.match.kind
    if kind not in kinds:
        mend = did_you_mean(kind, kinds)
        yield draft.problem(("spec", "match", "kind"), f"an override cannot patch the kind `{kind}`", mend)


def _check_environments(draft: Draft, spec: OverrideSpec, known: Collection[str]) -> Iterable[Problem]:
    for index, name in enumerate(spec.environments or []):
        if name not in known:
            path = ("spec", "environments", index)
            yield draft.problem(path, f"there is no environment `{name}`", did_you_mean(name, known))


def _patched(draft: Draft, override: Override) -> Draft:
    patching = Patching(draft.places, override.draft.places)
    spec = patching.merge(draft.spec, override.spec.patch, ("spec",), PATCH)
    return replace(draft, spec=spec, places=patching.places())


class Patching:
    """Merges one patch into one spec, values and places together."""

    def __init__(self, target: Places, patch: Places) -> None:
        self._values, self._keys, self._texts = dict(target.values), dict(target.keys), dict(target.texts)
        self._patch = patch

    def places(self) -> Places:
        """The places of what was merged."""
        return Places(self._values, self._keys, self._texts)

    def merge(self, target: Any, patch: Any, path: Path, source: Path) -> Any:
        """RFC 7386; but a secret reference is one value, and replaces another one as a whole."""
        if not isinstance(patch, Mapping) or is_secret_ref(patch):
            self._forget(target, path)
            self._move(patch, path, source)
            return patch
        if isinstance(target, Mapping) and not is_secret_ref(target):
            merged = dict(target)
        else:
            merged = {}
            self._forget(target, path)
            if (place := self._patch.of_value(source)) is not None:
                self._values[path] = place
        for key, item in patch.items():
            self._merge_key(merged, key, item, (*path, key), (*source, key))
        return merged

    def _merge_key(self, merged: dict[str, Any], key: str, item: Any, path: Path, source: Path) -> None:
        if item is None:
            self._forget(merged.pop(key, None), path)
            return
        if (place := self._patch.of_key(source)) is not None and key not in merged:
            self._keys[path] = place
        merged[key] = self.merge(merged.get(key), item, path, source)

    def _forget(self, value: Any, path: Path) -> None:
        """What stood at `path` and below it is no more."""
        for places in (self._values, self._keys, self._texts):
            places.pop(path, None)
        for key, item in _items(value):
            self._forget(item, (*path, key))

    def _move(self, value: Any, path: Path, source: Path) -> None:
        """What stands at `path` is now the patch's value at `source`."""
        for mine, theirs in ((self._values, self._patch.values), (self._keys, self._patch.keys)):
            if (origin := theirs.get(source)) is not None:
                mine[path] = origin
        if (text := self._patch.texts.get(source)) is not None:
            self._texts[path] = text
        for key, item in _items(value):
            self._move(item, (*path, key), (*source, key))


def _items(value: Any) -> Iterable[tuple[str | int, Any]]:
    """What a value holds, by key or by index."""
    if isinstance(value, Mapping):
        return value.items()
    return enumerate(value) if isinstance(value, list) else ()
