"""What a push brought to its branch: the paths it changed, and the pull requests that it merged. Reads only."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from pfa_gitops.github.api import GitHub
from pfa_gitops.github.surroundings import Surroundings

MOST_COMPARED = 300
"""GitHub lists no more files of a comparison."""


class Push(NamedTuple):
    """One push. It may carry several merges: somebody pushed them together, or a merge queue did."""

    paths: Sequence[str] | None
    """None where it is not known what changed."""
    pulls: Sequence[Any]
    """The pull requests that were merged by it, as GitHub tells of them, the last one first."""


def read_push(github: GitHub, here: Surroundings) -> Push:
    """Compare the branch with what it was before, where the event is a push and tells of that."""
    if not here.before.strip("0"):  # a new branch, or no push
        return Push(None, list(_merged(github, [here.commit], here.branch)))
    found = github.get(f"/compare/{here.before}...{here.commit}", "contents: read")
    files = found.get("files") or []
    pulls = list(_merged(github, _first_parents(here.commit, found.get("commits") or ()), here.branch))
    return Push(None if len(files) >= MOST_COMPARED else changed_paths(files), pulls)


def changed_paths(files: Iterable[dict[str, str]]) -> list[str]:
    """The paths of files as GitHub lists them; renamed ones by both names."""
    return [name for file in files for name in (file["filename"], file.get("previous_filename")) if name]


def merged_pull_request(github: GitHub, commit: str, branch: str) -> Any:
    """The pull request whose merge into `branch` made `commit`; None where none did.

    What was merged into another branch, and pushed from there, was reviewed by that one's rules.
    """
    for pull in github.pages(f"/commits/{commit}/pulls", "pull-requests: read"):
        if pull.get("merged_at") and pull.get("merge_commit_sha") == commit and pull["base"]["ref"] == branch:
            return pull
    return None


def _merged(github: GitHub, commits: Iterable[str], branch: str) -> Iterator[Any]:
    found = (merged_pull_request(github, commit, branch) for commit in commits)
    return (pull for pull in found if pull is not None)


def _first_parents(head: str, commits: Iterable[Any]) -> Iterator[str]:
    """The branch's own commits from `head` back: on these are merges, not on what they merged."""
    parents = {commit["sha"]: commit["parents"] for commit in commits}
    yield head
    while parents.get(head):
        head = parents[head][0]["sha"]
        if head in parents:
            yield head
