"""The action's `apply`: exactly the plan that was reviewed, and a report back on its pull request."""

import shutil
from pathlib import Path

from pfa_gitops.github import command
from pfa_gitops.github.reviewed import (
    NEW_PLAN,
    NotReviewed,
    Record,
    Reviewed,
    artifact_name,
    check_record,
    find_reviewed,
    from_json,
    to_json,
)
from pfa_gitops.github.step import Step
from pfa_gitops.github.texts import FOOTER_ROOM
from pfa_gitops.model.errors import ReaderError
from pfa_gitops.views.limits import COMMENT_LIMIT
from pfa_gitops.views.markdown_outcomes import APPLY

REPORT_FILE, OUTCOMES_FILE = "apply.md", "apply.json"
FOUND = "reviewed.json"
DOWNLOADED = "reviewed"
BY_HAND = "workflow_dispatch"
"""Whoever runs apply by hand wants what is to be done now, not what was when the last merge was planned."""


def find(step: Step) -> int:
    """Find the plan that was reviewed, for the steps that download and apply it. Writes nothing to GitHub."""
    directory, environment = str(step.inputs.directory), step.inputs.environment or ""
    with step.github() as github:
        if step.here.event == BY_HAND and step.inputs.applies_unreviewed:
            found = Reviewed(None, None, None, None, "the workflow was run by hand")
        else:
            found = find_reviewed(github, step.here, directory, environment)
    step.temporary.mkdir(parents=True, exist_ok=True)
    (step.temporary / FOUND).write_text(to_json(found))
    if found.artifact is not None:
        step.outputs |= {"artifact-id": str(found.artifact), "run-id": str(found.run)}
        step.outputs["folder"] = str(step.temporary / DOWNLOADED)
    return step.end(0)


def apply(step: Step) -> int:
    """Apply, and tell the pull request. Raises ReaderError on its own event: apply comes after the merge."""
    if step.here.pull_request is not None:
        raise ReaderError("apply does not run on pull requests", "run it on push, after the merge")
    found = from_json((step.temporary / FOUND).read_text())
    folder = step.temporary / "applied"
    shutil.rmtree(folder, ignore_errors=True)  # of an earlier step of the same job
    folder.mkdir(parents=True)
    try:
        arguments = _what_to_apply(step, found)
    except NotReviewed as refusal:
        answer = command.Answer(refusal.exit_code, "", refusal.problems)
    else:
        answer = command.run(["apply", *arguments, *_told(step, folder), *step.arguments])
    step.annotate(answer.problems)
    text, report = step.report(answer, APPLY), folder / REPORT_FILE
    step.summary(report.read_text("utf-8") if report.exists() and not answer.problems else text, text)
    if report.exists():
        record = Record(step.here.repository, 0, step.commit, str(step.inputs.directory), step.inputs.environment or "")
        step.outputs |= {"artifact-name": artifact_name(record, APPLY), "artifact-folder": str(folder)}
    return step.end(answer.code, step.comment(found.pull_request, text))


def _told(step: Step, folder: Path) -> list[str]:
    """The options for the report: one that fits into a comment, and files with all of it."""
    files = [word for name in (REPORT_FILE, OUTCOMES_FILE) for word in ("--report", str(folder / name))]
    room = str(COMMENT_LIMIT - FOOTER_ROOM)
    return ["--format", "markdown", "--most-characters", room, "--more-at", step.here.page, *files]


def _what_to_apply(step: Step, found: Reviewed) -> list[str]:
    """The reviewed plan's file, or consent to a plan that nobody saw. Raises NotReviewed."""
    if found.record is not None:
        return [str(check_record(step.temporary / DOWNLOADED, found.record))]
    if step.inputs.applies_unreviewed:
        return ["--auto-approve"]
    raise NotReviewed(f"not applied: {found.refusal}", NEW_PLAN)
