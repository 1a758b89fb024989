"""The action's `validate` and `plan`: one comment, and the plan kept for after the merge."""

import shutil
from pathlib import Path

from pfa_gitops.cli.carry_out import read_saved_plan
from pfa_gitops.cli.plan import CHANGES
from pfa_gitops.github import command
from pfa_gitops.github.reviewed import PAGE_FILE, PLAN_FILE, REPORT_FILE, Record, artifact_name, write_record
from pfa_gitops.github.step import Step
from pfa_gitops.github.surroundings import PullRequest
from pfa_gitops.github.texts import FOOTER_ROOM, planned_without_secrets
from pfa_gitops.views.limits import COMMENT_LIMIT
from pfa_gitops.views.markdown_text import prose


def validate(step: Step) -> int:
    """Check the manifests, without a server."""
    answer = command.run(["validate", *step.arguments])
    step.annotate(answer.problems)
    step.summary(step.report(answer) if answer.code else prose(answer.text.strip()))
    return step.end(answer.code)


def plan(step: Step) -> int:
    """Show what apply would change, and keep it."""
    pull_request = step.here.pull_request
    if pull_request is not None and pull_request.is_strange:
        return _plan_of_a_stranger(step)
    folder = step.temporary / "plan"
    shutil.rmtree(folder, ignore_errors=True)  # of an earlier step of the same job
    folder.mkdir(parents=True)
    answer = command.run(_arguments(step, folder))
    if answer.interrupted:  # what an earlier attempt at this commit told still holds, and so does its plan
        return step.end(answer.code)
    step.annotate(answer.problems)
    text, report = step.report(answer), folder / REPORT_FILE
    step.summary(report.read_text("utf-8") if report.exists() and not answer.problems else text, text)
    if answer.code in {0, CHANGES} and not answer.problems:
        _keep(step, folder, pull_request)
    return step.end(answer.code, step.comment(pull_request.number if pull_request else None, text))


def _arguments(step: Step, folder: Path) -> list[str]:
    reports = [word for name in (REPORT_FILE, PAGE_FILE) for word in ("--report", str(folder / name))]
    kept = ["--output", str(folder / PLAN_FILE), *reports]
    shown = ["--format", "markdown", "--most-characters", str(COMMENT_LIMIT - FOOTER_ROOM), "--more-at", step.here.page]
    return ["plan", *kept, *shown, *step.arguments]


def _keep(step: Step, folder: Path, pull_request: PullRequest | None) -> None:
    """Say what there is to upload. Only a pull request's plan can be found again, by what it is a plan for."""
    changes = read_saved_plan(folder / PLAN_FILE).receipts
    step.outputs |= {"changes": str(bool(changes)).lower(), "plan-file": str(folder / PLAN_FILE)}
    if pull_request is not None:
        directory, environment = str(step.inputs.directory), step.inputs.environment or ""
        record = Record(step.here.repository, pull_request.number, pull_request.head, directory, environment)
        write_record(folder, record)
        step.outputs |= {"artifact-name": artifact_name(record), "artifact-folder": str(folder)}


def _plan_of_a_stranger(step: Step) -> int:
    """Validate, and plan as far as it goes without secrets. The token may not comment: the summary has it all.

    That the plan lacks what strangers do not get is no fault of theirs; all else is told, and fails the check.
    """
    answer = command.run(["validate", *step.in_environment])
    if not answer.code:
        answer = command.run(["plan", "--format", "markdown", *step.arguments])
        step.outputs["planned"] = str(bool(answer.text)).lower()
    if answer.problems and all(problem.withheld for problem in answer.problems):
        step.summary(planned_without_secrets(step.owner, answer.problems))
        return step.end(0)
    if answer.interrupted:
        return step.end(answer.code)
    step.annotate(answer.problems)
    step.summary(step.report(answer))
    return step.end(answer.code)
