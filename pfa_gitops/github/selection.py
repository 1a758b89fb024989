"""Which projects and environments an event concerns: those below whose folder something changed."""

import json
from collections.abc import Iterable, Sequence, Set
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from pathspec import GitIgnoreSpec

from pfa_gitops.github.api import GitHub
from pfa_gitops.github.comments import markers
from pfa_gitops.github.projects import checkout, environments, owner, projects
from pfa_gitops.github.pushes import changed_paths, read_push
from pfa_gitops.github.surroundings import Surroundings
from pfa_gitops.manifests.project import DEFAULT_ENVIRONMENT
from pfa_gitops.model.closest import did_you_mean
from pfa_gitops.model.errors import ReaderError
from pfa_gitops.views.markdown_text import marker

MOST_FILES = 3_000
"""GitHub lists no more of a pull request."""
PLAN_MARKERS = marker("", "").removesuffix("/ -->")
MOST_TARGETS = 256
"""Jobs that GitHub makes of one matrix."""
NEEDS = "pull-requests: read"


class Target(NamedTuple):
    """One job of the matrix."""

    directory: str
    environment: str


class Changed(NamedTuple):
    """What an event changed."""

    paths: Sequence[str] | None
    """Relative to the checkout; None for everything."""
    told: Set[str] = frozenset()
    """The markers of the comments that are there already: none of them may stay and tell of an older commit."""
    may_leave_none: bool = False
    """Whether it may have removed the last project."""


def select(
    root: Path, wanted: Sequence[str], names: Sequence[str], changed: Changed, shared: Sequence[str]
) -> list[Target]:
    """The projects that changed, each with its environments, and what a comment tells of.

    `wanted` are the folders of projects, by default all below `root`; `names` the environments, by default all that a
    project declares. A path that `shared` matches, as in a .gitignore, concerns all projects. Raises ReaderError.
    """
    folders = [str(PurePosixPath(folder)) for folder in wanted] or list(projects(root))
    if not folders and not (changed.may_leave_none and checkout(root)):
        raise ReaderError("there is no pfa-gitops.yaml in this checkout", "check out the repository before this step")
    declared = {folder: environments(root / folder) for folder in folders}
    unknown = sorted(set(names).difference(*(known or names for known in declared.values())))
    if unknown and declared:
        known = {name for some in declared.values() for name in some or ()}
        raise ReaderError(f"no project has the environment {unknown[0]}", did_you_mean(unknown[0], known))
    everything = changed.paths is None or any(GitIgnoreSpec.from_lines(shared).match_files(changed.paths))
    targets = [
        Target(folder, name)
        for folder in folders
        for name in _chosen(declared[folder], names)
        if everything or _concerns(changed, folder) or marker(*owner(root / folder, name)) in changed.told
    ]
    if len(targets) > MOST_TARGETS:
        raise ReaderError(
            f"{len(targets)} projects and environments are more than the {MOST_TARGETS} jobs of a matrix",
            "split them over several workflows with `projects` and `environments`",
        )
    return targets


def _chosen(declared: Sequence[str] | None, names: Sequence[str]) -> Sequence[str]:
    """The named environments that a project has. Of one whose file cannot be read, a job tells what is wrong."""
    if declared is None:
        return names or [DEFAULT_ENVIRONMENT]
    return [name for name in names if name in declared] if names else declared


def _concerns(changed: Changed, folder: str) -> bool:
    return any(PurePosixPath(path).is_relative_to(folder) for path in changed.paths or ())


def matrix(targets: Iterable[Target]) -> str:
    """The targets as a workflow's `fromJSON` reads them."""
    return json.dumps([target._asdict() for target in targets])


def what_changed(github: GitHub, here: Surroundings) -> Changed:
    """The paths that a pull request or a push changed, renamed ones by both names."""
    if here.pull_request is not None:
        return _of_pull_request(github, here.pull_request.number)
    if here.event != "push":
        return Changed(None, may_leave_none=here.event == "merge_group")
    push = read_push(github, here)
    return _together([Changed(push.paths), *(_of_pull_request(github, int(pull["number"])) for pull in push.pulls)])


def _of_pull_request(github: GitHub, number: int) -> Changed:
    files = list(github.pages(f"/pulls/{number}/files", NEEDS))
    paths = None if len(files) >= MOST_FILES else changed_paths(files)
    return Changed(paths, markers(github, number), may_leave_none=True)


def _together(parts: Sequence[Changed]) -> Changed:
    """A push, and the pull requests that it merged. What one of them took back was planned, and is told."""
    paths = [part.paths for part in parts if part.paths is not None]
    told = {marker for part in parts for marker in part.told}
    together = [path for some in paths for path in some] if len(paths) == len(parts) else None
    return Changed(together, told, may_leave_none=True)


def no_longer_declared(root: Path, told: Set[str]) -> list[str]:
    """The markers of plans whose project, or environment, the checkout that `root` is in has no more.

    None, where a project's file cannot be read: it might be that one's.
    """
    place = checkout(root) or root
    declared = {folder: environments(place / folder) for folder in projects(place)}
    if None in declared.values():
        return []
    there = {marker(*owner(place / folder, name)) for folder, names in declared.items() for name in names or ()}
    return sorted(one for one in told - there if one.startswith(PLAN_MARKERS))
