"""Live objects → a Conversion: manifests that say the same, what the project must say, what they cannot say.

Each manifest is held against the live object before it is handed out: where the platform does not understand our
words as they were meant, its own take their place, and what differs even so is told. Reads only.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path as FilePath
from typing import Any

from pfa_gitops.convert.check import without_faults
from pfa_gitops.convert.convert import project_document
from pfa_gitops.convert.values import Conversion, Made, Report, Sort
from pfa_gitops.engine.diff import diff
from pfa_gitops.engine.observe import observe
from pfa_gitops.engine.readings import Clients, Kinds
from pfa_gitops.engine.unmanaged import Claimed
from pfa_gitops.export.draft import Draft, corrected, draft
from pfa_gitops.export.hidden import Hider, Variables, field_paths
from pfa_gitops.export.legible import is_too_deep, legible
from pfa_gitops.export.links import linked
from pfa_gitops.export.named import addresses
from pfa_gitops.model.errors import Problem
from pfa_gitops.model.places import Address, show_path
from pfa_gitops.model.values import Action, Change, Key, Live, Manifest
from pfa_gitops.platforms.base import Worded

ROUNDS = 2
"""How often a draft is corrected by what the platform understands."""


@dataclass(frozen=True)
class Place:
    """Where the manifests are to stand."""

    project: str
    root: FilePath
    declared: tuple[Manifest[Any], ...] = ()
    """What stands there already."""
    external: tuple[str, ...] = ()
    """What the project says of objects outside of it."""


async def export(chosen: Sequence[Claimed], kinds: Kinds, clients: Clients, place: Place, report: Report) -> Conversion:
    """Export objects. What cannot be is told in the conversion's remarks. Raises PlatformError."""
    bare = [one.found.manifest for one in chosen]
    seen = await observe(bare, kinds, clients)
    _tell_unseen(bare, seen.lives, seen.problems, report)
    there = [(manifest, seen.lives[manifest.key]) for manifest in bare if manifest.key in seen.lives]
    lives = [pair for pair in there if not _is_told_too_deep(pair[1], report)]
    names = addresses([manifest for manifest, _ in lives], [manifest.address for manifest in place.declared])
    worded = await _worded([live for _, live in lives], kinds, clients)
    drafts = [
        draft(kinds[address.kind], address, live, worded[live.key], place.root)
        for address, (_, live) in zip(names, lives, strict=True)
    ]
    changes = await _changes(drafts, clients, kinds)
    for _ in range(ROUNDS):
        if not any(_differs(one, changes) for one in drafts):
            break
        drafts = [corrected(one, changes[one.key]) if _differs(one, changes) else one for one in drafts]
        changes = await _changes(drafts, clients, kinds)
    _tell_differences(drafts, changes, report)
    return _conversion(drafts, kinds, place, report)


def _tell_unseen(
    bare: Sequence[Manifest[Any]], lives: Mapping[Key, Live[Any]], problems: Iterable[Problem], report: Report
) -> None:
    """What could not be read, and why."""
    told = list(problems)
    unseen = {manifest.address for manifest in bare if manifest.key not in lives}
    for problem in told:
        report.note(Sort.REFUSED if problem.address in unseen else Sort.LOST, *_said(problem), None, problem.address)
    for address in sorted(unseen - {problem.address for problem in told}):
        report.note(Sort.REFUSED, f"{address} is gone meanwhile", "", None, address)


def _is_told_too_deep(live: Live[Any], report: Report) -> bool:
    if not is_too_deep(live.spec):
        return False
    message = "it is nested deeper than a manifest may be"
    report.note(Sort.REFUSED, message, "", None, Address(live.key.kind, live.key.name))
    return True


def _said(problem: Problem) -> tuple[str, str]:
    return problem.message, problem.mend


async def _worded(lives: Sequence[Live[Any]], kinds: Kinds, clients: Clients) -> dict[Key, Worded[Any]]:
    """Each kind is asked once for the words of its objects."""
    ordered = sorted(lives, key=lambda live: live.key)
    groups = [(kinds[name], list(group)) for name, group in groupby(ordered, key=lambda live: live.key.kind)]
    answers = await asyncio.gather(*(kind.worded(clients[kind.platform], group) for kind, group in groups))
    return {
        live.key: words
        for (_, group), answer in zip(groups, answers, strict=True)
        for live, words in zip(group, answer, strict=True)
    }


async def _changes(drafts: Sequence[Draft], clients: Clients, kinds: Kinds) -> dict[Key, Change]:
    """What the next plan would do about the drafts that are valid by themselves."""
    manifests = [manifest for one in drafts if (manifest := one.manifest) is not None]
    lives = (await observe(manifests, kinds, clients)).lives
    return {
        manifest.key: diff(manifest, lives.get(manifest.key), kinds[manifest.address.kind].rules)
        for manifest in manifests
    }


def _differs(one: Draft, changes: Mapping[Key, Change]) -> bool:
    return one.key in changes and changes[one.key].action is not Action.NONE


def _tell_differences(drafts: Sequence[Draft], changes: Mapping[Key, Change], report: Report) -> None:
    """What a manifest does not say, or says otherwise; where it cannot be at all, why."""
    for one in drafts:
        for flaw in one.flaws:
            report.note(Sort.REFUSED if one.manifest is None else Sort.LOST, flaw.message, flaw.mend, None, one.address)
        if _differs(one, changes):
            fields = ", ".join(show_path(field.path) for field in changes[one.key].fields)
            mend = "look at these fields in the next plan before it is applied"
            report.note(Sort.LOST, f"a plan would change {fields}", mend, None, one.address)


def _conversion(drafts: Sequence[Draft], kinds: Kinds, place: Place, report: Report) -> Conversion:
    variables = Variables()
    told = [one for one in drafts if one.manifest is None and one.flaws]
    made = [Made(one.address, _hidden(one, variables, report)) for one in drafts if one not in told]
    right = legible(without_faults(made, kinds, place.root, report), report)
    valid = {one.address for one in right}
    manifests = [manifest for one in drafts if one.address in valid and (manifest := one.manifest) is not None]
    unlinked = linked(manifests, place.declared, place.external, report)
    report.forget(set(unlinked))
    left = [one for one in right if one.address not in unlinked]
    return Conversion(tuple(left), project_document(place.project, report, report.refers), report.remarks)


def _hidden(one: Draft, variables: Variables, report: Report) -> dict[str, Any]:
    manifest = one.manifest
    declared = frozenset(field_paths(manifest.spec)) if manifest else frozenset()
    return Hider(one.address, report, variables, declared).spec(one.values)
