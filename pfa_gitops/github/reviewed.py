"""The plan that reviewers saw: its artifact's name and record, and the way from a merge's commit to it.

A plan is taken only if this repository's own pull request made it, for its last commit, before it was merged.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

from pfa_gitops.github.api import GitHub
from pfa_gitops.github.pushes import read_push
from pfa_gitops.github.surroundings import Surroundings
from pfa_gitops.model.errors import ReaderError

PLAN_FILE, REPORT_FILE, PAGE_FILE, RECORD_FILE = "plan.json", "plan.md", "plan.html", "review.json"
LARGEST_RECORD = 10_000
NEW_PLAN = "open a pull request, or run the workflow by hand with `unreviewed: apply`"


@dataclass(frozen=True)
class Record:
    """What a plan was made for. Lies beside it in the artifact."""

    repository: str
    pull_request: int
    head: str
    directory: str
    environment: str
    """As the input says; empty for the default one."""


@dataclass(frozen=True)
class Reviewed:
    """What is known of the merge, for the steps that download the plan and apply it."""

    pull_request: int | None
    """Where the report goes; None without a pull request."""
    record: Record | None
    """What the artifact's record has to say; None without a plan."""
    artifact: int | None
    run: int | None
    refusal: str
    """Why there is no reviewed plan; empty where there is one."""


class NotReviewed(ReaderError):
    """Nobody reviewed a plan of what is to be applied."""


def artifact_name(record: Record, of: str = "plan") -> str:
    """The name of a plan's artifact, one for each commit, folder and environment. GitHub takes all its characters.

    `of` tells other artifacts from it: those are never applied.
    """
    place = json.dumps([record.directory, record.environment]).encode()
    words = re.sub(r"[^A-Za-z0-9._-]", "-", record.environment or "default")[:40]
    return f"pfa-gitops-{of}-{words}-{hashlib.sha256(place).hexdigest()[:8]}-{record.head}"


def find_reviewed(github: GitHub, here: Surroundings, directory: str, environment: str) -> Reviewed:
    """Find the pull request that ended in what is checked out, and its plan; why there is none stands in the result.

    Where the same push merged other pull requests, too, the newest plan has to be that of the last one: another's was
    made for another commit, and is not of all that is checked out.
    """
    pulls = read_push(github, here).pulls
    own = next((pull for pull in pulls if pull["merge_commit_sha"] == here.commit), None)
    if own is None:
        message = f"no pull request that was merged into {here.branch} made commit {here.commit[:12]}"
        return _refused(None, f"{message}, so nobody reviewed a plan")
    records = [_record(here, pull, directory, environment) for pull in pulls]
    plans = [_plan(github, pull, record) for pull, record in zip(pulls, records, strict=True)]
    newest = max(plans, key=lambda plan: (plan.created_at, plan.record.pull_request == own["number"]))
    number = newest.record.pull_request
    if number != own["number"]:
        return _refused(number, _overtaken(number, own))
    if newest.artifact is None:
        return _refused(number, newest.refusal)
    run = int(newest.artifact["workflow_run"]["id"])
    return Reviewed(number, newest.record, int(newest.artifact["id"]), run, "")


class _Plan(NamedTuple):
    """A merged pull request's plan, or why it has none."""

    record: Record
    artifact: Any
    """None, where there is none."""
    refusal: str = ""

    @property
    def created_at(self) -> str:
        return str(self.artifact["created_at"]) if self.artifact else ""


def _plan(github: GitHub, pull: Any, record: Record) -> _Plan:
    try:
        return _Plan(record, _artifact(github, pull, record))
    except NotReviewed as why:
        return _Plan(record, None, why.message)


def _record(here: Surroundings, pull: Any, directory: str, environment: str) -> Record:
    return Record(here.repository, int(pull["number"]), str(pull["head"]["sha"]), directory, environment)


def _refused(pull_request: int | None, why: str) -> Reviewed:
    return Reviewed(pull_request, None, None, None, why)


def _overtaken(newest: int, own: Any) -> str:
    return (
        f"one push merged several pull requests, and the newest plan here is that of pull request {newest}, "
        f"while pull request {own['number']} made commit {own['merge_commit_sha'][:12]}"
    )


def _artifact(github: GitHub, pull: Any, record: Record) -> Any:
    """The newest artifact that is the reviewed plan. Raises NotReviewed with the reason."""
    found = list(github.pages("/actions/artifacts", "actions: read", "artifacts", name=artifact_name(record)))
    if not found:
        raise _missing(record, "it has no plan for its last commit")
    own = [one for one in found if _is_own(one["workflow_run"], record)]
    if not own:
        raise _missing(record, "its plan was made by a fork, without secrets")
    in_time = [one for one in own if one["created_at"] <= pull["merged_at"]]
    if not in_time:
        raise _missing(record, "its plan was made after the merge")
    lasting = [one for one in in_time if not one["expired"]]
    if not lasting:
        raise _missing(record, "its plan has expired")
    newest = max(lasting, key=lambda one: str(one["created_at"]))
    run = github.get(f"/actions/runs/{int(newest['workflow_run']['id'])}", "actions: read")
    if run.get("event") != "pull_request" or run.get("head_sha") != record.head:
        raise _missing(record, "its plan was not made by a workflow of the pull request")
    return newest


def _is_own(run: Mapping[str, Any], record: Record) -> bool:
    return run.get("head_sha") == record.head and run.get("head_repository_id") == run.get("repository_id")


def _missing(record: Record, why: str) -> NotReviewed:
    message = f"pull request {record.pull_request} at commit {record.head[:12]}: {why}"
    return NotReviewed(message, NEW_PLAN)


def write_record(folder: Path, record: Record) -> None:
    """Write down what the plan in `folder` was made for."""
    (folder / RECORD_FILE).write_text(json.dumps(asdict(record), indent=2) + "\n")


def check_record(folder: Path, expected: Record) -> Path:
    """The plan's file in a downloaded artifact. Raises NotReviewed where it is another plan than it should be."""
    try:
        text = (folder / RECORD_FILE).read_bytes()[:LARGEST_RECORD]
        found = Record(**json.loads(text))
    except (OSError, ValueError, TypeError, RecursionError):
        raise NotReviewed("the artifact holds no plan of this action", NEW_PLAN) from None
    if found != expected:
        names = [name for name, value in asdict(expected).items() if asdict(found)[name] != value]
        raise NotReviewed(f"the artifact's plan was made for another {', '.join(names)}", NEW_PLAN)
    return folder / PLAN_FILE


def to_json(reviewed: Reviewed) -> str:
    """For the next step."""
    return json.dumps(asdict(reviewed))


def from_json(text: str) -> Reviewed:
    """The inverse of `to_json`."""
    found = json.loads(text)
    return Reviewed(**{**found, "record": Record(**found["record"]) if found["record"] else None})
