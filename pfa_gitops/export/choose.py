"""Which objects are exported, and why the others are not. Pure."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase

from pfa_gitops.convert.values import Report, Sort
from pfa_gitops.engine.unmanaged import Claimed, wholes
from pfa_gitops.model.closest import did_you_mean
from pfa_gitops.model.errors import Problem, ProblemsFound
from pfa_gitops.model.places import Address
from pfa_gitops.model.values import Key, Owner

SHOWN = 3
"""How many names of a group are told."""


def choose(claimed: Sequence[Claimed], wanted: Sequence[Address] | None, own: Owner, report: Report) -> list[Claimed]:
    """Those that `wanted` names, or all that may be this project's. Raises ProblemsFound for a name that is nothing.

    What a project declares already is left out; so is what another project owns or a platform made, but where it is
    named in full.
    """
    if wanted is not None and (missing := list(_missing(claimed, wanted))):
        raise ProblemsFound(missing)
    chosen = [one for one in claimed if wanted is None or any(_is_meant(one, address) for address in wanted)]
    named = [one for one in chosen if wanted is not None and any(_is_named(one, address) for address in wanted)]
    groups: dict[str, list[Claimed]] = defaultdict(list)
    left = []
    for one in chosen:
        if why := _why_not(one, own, one in named):
            groups[why].append(one)
        else:
            left.append(one)
    for why, group in groups.items():
        report.note(Sort.REFUSED, f"{_names(group)}: {why}", "", None)
    return list(_without_parts(left, claimed, named, report))


def _is_meant(one: Claimed, address: Address) -> bool:
    kind, name = one.key
    own = one.found.manifest.platform_name
    return kind == address.kind and (fnmatchcase(name, address.name) or fnmatchcase(own, address.name))


def _is_named(one: Claimed, address: Address) -> bool:
    """Without a wildcard."""
    return one.key.kind == address.kind and address.name in {one.key.name, one.found.manifest.platform_name}


def _missing(claimed: Sequence[Claimed], wanted: Sequence[Address]) -> Iterator[Problem]:
    for address in wanted:
        if not any(_is_meant(one, address) for one in claimed):
            near = [one.key.name for one in claimed if one.key.kind == address.kind]
            mend = did_you_mean(address.name, near, "`pfa-gitops status --unmanaged` lists what is there")
            yield Problem(f"there is no {address.kind} {address.name} to export", mend)


def _why_not(one: Claimed, own: Owner, named: bool) -> str:
    """Why it is not exported; nothing where it is."""
    if one.declared is not None:
        return "this project declares it already"
    if one.owner not in {None, own} and not named:
        return f"it belongs to {one.owner}; name it to export it all the same"
    if one.found.made_by and not named:
        return f"made by {one.found.made_by}"
    return ""


def _names(group: Sequence[Claimed]) -> str:
    names = [f"{one.key.kind}/{one.key.name}" for one in group]
    more = len(names) - SHOWN
    return ", ".join(names[:SHOWN]) + (f" and {more} more" if more > 0 else "")


def _without_parts(
    chosen: Sequence[Claimed], claimed: Sequence[Claimed], named: Sequence[Claimed], report: Report
) -> Iterator[Claimed]:
    """A queue stands in its pool's manifest, where that is there or exported, or nobody's and exported some day."""
    exported = {one.key for one in chosen}
    nobodys = {one.key for one in claimed if one.owner is None and not one.found.made_by and one.declared is None}
    declared = {one.key for one in claimed if one.declared is not None}
    for one in chosen:
        whole = next((key for key, _ in wholes(one.found.manifest)), None)
        if whole in exported or (whole in nobodys | declared and one not in named):
            if one in named:
                report.note(Sort.REFUSED, f"{_names([one])}: it stands in {_shown(whole)}", "", None)
            continue
        yield one


def _shown(key: Key | None) -> str:
    return f"{key.kind}/{key.name}" if key else ""
