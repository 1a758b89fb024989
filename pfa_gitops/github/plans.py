"""The action's `validate` and `plan`: one comment, and the plan kept for after the merge."""

import json
import shutil
from pathlib import Path

from pfa_gitops.cli.carry_out import read_saved_plan
from pfa_gitops.cli.plan import CHANGES
from pfa_gitops.github import command
from pfa_gitops.github.reviewed import PAGE_FILE, PLAN_FILE, REPORT_FILE, Record, artifact_name, write_record
from pfa_gitops.github.step import Step
from pfa_gitops.github.texts import FOOTER_ROOM, planned_without_secrets
from pfa_gitops.github.verdicts import Said, said_of
from pfa_gitops.views.limits import COMMENT_LIMIT
from pfa_gitops.views.markdown_text import prose

ROOM = COMMENT_LIMIT - FOOTER_ROOM
SHOWN_FILE = "shown.json"


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
    answer = _made(step, *_kept_in(folder), "--most-characters", str(ROOM), "--more-at", step.here.page)
    if answer.interrupted:  # what an earlier attempt at this commit told still holds, and so does its plan
        return step.end(answer.code)
    text, report = step.report(answer), folder / REPORT_FILE
    step.summary(report.read_text("utf-8") if report.exists() and not answer.problems else text, text)
    _keep(step, folder, may_be_applied=answer.code in {0, CHANGES} and not answer.problems)
    return step.end(answer.code, step.comment(pull_request.number if pull_request else None, text))


def _made(step: Step, *more: str) -> command.Answer:
    """Make a plan, and show at the pull request's lines what stopped it, who denies it and which limits it exceeds."""
    shown = step.temporary / SHOWN_FILE
    shown.parent.mkdir(parents=True, exist_ok=True)
    shown.unlink(missing_ok=True)
    answer = command.run(["plan", "--format", "markdown", "--report", str(shown), *more, *step.arguments])
    if not answer.interrupted:
        said = said_of(json.loads(shown.read_text("utf-8"))) if shown.exists() else Said((), ())
        withheld = answer.withheld and step.here.by_a_stranger
        step.annotate([*(() if withheld else answer.problems), *said.denials])
        step.annotate(said.warnings, "warning")
    return answer


def _kept_in(folder: Path) -> list[str]:
    """The options for the files that are kept."""
    reports = [word for name in (REPORT_FILE, PAGE_FILE) for word in ("--report", str(folder / name))]
    return ["--output", str(folder / PLAN_FILE), *reports]


def _keep(step: Step, folder: Path, *, may_be_applied: bool) -> None:
    """Say what there is to upload: what people read always, and under the name that apply looks for what it may do."""
    if may_be_applied:
        changes = read_saved_plan(folder / PLAN_FILE).receipts
        step.outputs |= {"changes": str(bool(changes)).lower(), "plan-file": str(folder / PLAN_FILE)}
    else:
        (folder / PLAN_FILE).unlink(missing_ok=True)
    if not (folder / PAGE_FILE).exists():
        return
    pull_request = step.here.pull_request
    directory, environment = str(step.inputs.directory), step.inputs.environment or ""
    number = pull_request.number if pull_request else 0
    record = Record(step.here.repository, number, step.commit, directory, environment)
    # Only a pull request's plan can be found again, by what it is a plan for.
    found_again = may_be_applied and pull_request is not None
    if found_again:
        write_record(folder, record)
    name = artifact_name(record) if found_again else artifact_name(record, "report")
    step.outputs |= {"artifact-name": name, "artifact-folder": str(folder)}


def _plan_of_a_stranger(step: Step) -> int:
    """Validate, and plan as far as it goes without secrets. The token may not comment: the summary has it all.

    That the plan lacks what strangers do not get is no fault of theirs; all else is told, and fails the check.
    """
    answer = command.run(["validate", *step.in_environment])
    if answer.code:
        step.annotate(answer.problems)
    else:
        answer = _made(step)
        step.outputs["planned"] = str(bool(answer.text)).lower()
    if answer.interrupted:
        return step.end(answer.code)
    if answer.withheld:
        step.summary(planned_without_secrets(step.owner, answer.problems))
        return step.end(0)
    step.summary(step.report(answer))
    return step.end(answer.code)
