"""The forms in which `plan` and `apply` answer besides text and JSON, on standard output or as files."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from pfa_gitops.cli.in_the_way import check_apart, check_own
from pfa_gitops.model.errors import ReaderError
from pfa_gitops.model.values import Outcome, Plan
from pfa_gitops.views.json import outcomes_json, plan_json
from pfa_gitops.views.limits import SUMMARY_LIMIT
from pfa_gitops.views.values import defused, json_text

PLAN_FILES = {".md": "markdown", ".html": "html", ".json": "json"}
"""The form of a plan's report, by how the file's name ends."""
OUTCOME_FILES = {".md": "markdown", ".json": "json"}
"""The same for an apply's."""


SIGNS = {
    ".md": ("<!-- pfa-gitops",),
    ".html": ("<title>Plan: ",),
    ".json": ('"format": "pfa-gitops/plan/', '"format": "pfa-gitops/outcomes/'),
}
"""What a report has near its beginning, by how its file's name ends."""


def clear_files(files: Collection[Path], forms: Mapping[str, str], besides: Path | None = None) -> None:
    """Raise ReaderError before anything is asked: for a file whose name does not say which form it is to have.

    So it does for one that something else stands in, and for one that is named twice. `besides` is the saved plan.
    Older reports are removed.
    """
    if unknown := [file for file in files if file.suffix not in forms]:
        raise ReaderError(f"{unknown[0]}: no report has such a name", f"end it with one of {', '.join(forms)}")
    check_apart([*files, *([besides] if besides else [])])
    for file in files:
        check_own(file, SIGNS[file.suffix], "give another --report")
    for file in files:  # where the command fails, nobody takes an older report for its own
        file.unlink(missing_ok=True)


def plan_text(plan: Plan, project: str, form: str, most_characters: int = SUMMARY_LIMIT, more_at: str = "") -> str:
    """The plan in one of the forms."""
    if form == "json":
        return json_text(plan_json(plan))
    if form == "html":
        from pfa_gitops.views.html import plan_html  # noqa: PLC0415 - other forms need no page

        return plan_html(plan, project).rstrip()
    from pfa_gitops.views.markdown import plan_markdown  # noqa: PLC0415 - the same

    return plan_markdown(plan, project, most_characters, more_at).rstrip()


def outcomes_text(
    plan: Plan,
    outcomes: Sequence[Outcome],
    project: str,
    form: str,
    *,
    most_characters: int = SUMMARY_LIMIT,
    more_at: str = "",
) -> str:
    """What became of a plan, in one of the forms."""
    if form == "json":
        return json_text(outcomes_json(plan, outcomes))
    from pfa_gitops.views.markdown_outcomes import outcomes_markdown  # noqa: PLC0415 - other forms need none of it

    return outcomes_markdown(plan, outcomes, project, most_characters, more_at).rstrip()


def write_file(file: Path, text: str) -> None:
    """Write a report. A job that prints the file runs none of CI's commands by it."""
    file.write_text(f"{defused(text)}\n", "utf-8")
