"""Where a step runs: the repository, the event, the pull request, as GitHub's variables and its event's file say."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pfa_gitops.model.errors import ReaderError

NO_SECRETS_FOR = frozenset({"dependabot[bot]"})
"""GitHub gives their pull requests what it gives those of forks: no secrets, and a token that only reads."""
EVENTS = ("pull_request", "merge_group", "push", "schedule", "workflow_dispatch", "workflow_call")
"""Of these it is known whose the checkout is. Others, such as `pull_request_target` and `issue_comment`, run with
secrets on what may be a stranger's."""

BRANCHES = "refs/heads/"


@dataclass(frozen=True)
class PullRequest:
    """The pull request of the event."""

    number: int
    head: str
    """The commit that reviewers see. What is checked out is its merge with the base."""
    is_strange: bool
    """It comes from a fork or from a robot: no secrets, and the token may not write."""


@dataclass(frozen=True)
class Surroundings:
    """One step of one job."""

    repository: str
    """OWNER/NAME."""
    api_url: str
    graphql_url: str
    page: str
    """The URL of the run, where its artifacts are, too."""
    event: str
    commit: str
    """What is checked out."""
    before: str
    """Of a push: where the branch was before. Else empty."""
    pull_request: PullRequest | None
    branch: str
    """What was pushed, or what a workflow was run on by hand; empty for a pull request, which has none here."""

    @property
    def by_a_stranger(self) -> bool:
        """Whether what is checked out is by somebody who must not get at secrets."""
        return self.pull_request is not None and self.pull_request.is_strange


def surroundings(environ: Mapping[str, str]) -> Surroundings:
    """Read GitHub's variables. Raises ReaderError outside of GitHub Actions, and for events that mix trust."""
    event_name = _needed(environ, "GITHUB_EVENT_NAME")
    if event_name not in EVENTS:
        message = f"the event {event_name} is refused: it may give secrets to what a stranger wrote"
        raise ReaderError(message, f"run on one of {', '.join(EVENTS)}; forks then get a plan without secrets")
    repository, server = _needed(environ, "GITHUB_REPOSITORY"), environ.get("GITHUB_SERVER_URL", "https://github.com")
    event = _event(environ.get("GITHUB_EVENT_PATH", ""))
    api = environ.get("GITHUB_API_URL", "https://api.github.com").rstrip("/")
    return Surroundings(
        repository=repository,
        api_url=api,
        graphql_url=environ.get("GITHUB_GRAPHQL_URL", f"{api}/graphql"),
        page=f"{server}/{repository}/actions/runs/{environ.get('GITHUB_RUN_ID', '')}",
        event=event_name,
        commit=_needed(environ, "GITHUB_SHA"),
        before=str(event.get("before") or "") if event_name == "push" else "",
        pull_request=_pull_request(event.get("pull_request"), repository, environ.get("GITHUB_ACTOR", "")),
        branch=_branch(environ.get("GITHUB_REF", "")),
    )


def _needed(environ: Mapping[str, str], name: str) -> str:
    if not environ.get(name):
        raise ReaderError(f"{name} is not set: this runs in GitHub Actions", "elsewhere use `pfa-gitops` itself")
    return environ[name]


def _branch(ref: str) -> str:
    return ref.removeprefix(BRANCHES) if ref.startswith(BRANCHES) else ""


def _event(path: str) -> dict[str, Any]:
    try:
        event = json.loads(Path(path).read_text("utf-8")) if path else {}
    except (OSError, ValueError):
        raise ReaderError("the event's file cannot be read: see GITHUB_EVENT_PATH") from None
    return event if isinstance(event, dict) else {}


def _pull_request(found: Any, repository: str, actor: str) -> PullRequest | None:
    if not isinstance(found, dict):
        return None
    head = found["head"]
    origin = (head.get("repo") or {}).get("full_name")  # none where the fork was deleted
    strange = str(origin).lower() != repository.lower() or actor in NO_SECRETS_FOR
    return PullRequest(int(found["number"]), str(head["sha"]), strange)
