"""The forms in which `plan` answers, on standard output or as files."""

from collections.abc import Callable, Mapping
from pathlib import Path

from pfa_gitops.model.errors import ReaderError
from pfa_gitops.model.values import Plan
from pfa_gitops.views.json import plan_json
from pfa_gitops.views.markdown import plan_markdown
from pfa_gitops.views.values import defused, json_text

FORMATS = ("text", "json", "markdown", "html")
ENOUGH = 1_000_000
"""Characters of a Markdown file: GitHub takes as many for a step's summary."""


def check_reports(files: tuple[Path, ...]) -> None:
    """Raise ReaderError for a file whose name does not say which form it is to have, before anything is asked."""
    if unknown := [file for file in files if file.suffix not in _FORMS]:
        raise ReaderError(f"{unknown[0]}: no report has such a name", f"end it with one of {', '.join(_FORMS)}")


def show_report(plan: Plan, project: str, form: str, most_characters: int, more_at: str) -> str:
    """The plan as Markdown or as a page, for standard output."""
    if form == "html":
        return _html(plan, project)
    return plan_markdown(plan, project, most_characters, more_at).rstrip()


def write_report(file: Path, plan: Plan, project: str) -> None:
    """Write the plan in the form that the file's name asks for."""
    file.write_text(_FORMS[file.suffix](plan, project), "utf-8")


def _html(plan: Plan, project: str) -> str:
    from pfa_gitops.views.html import plan_html  # noqa: PLC0415 - other forms need no page

    return plan_html(plan, project)


_FORMS: Mapping[str, Callable[[Plan, str], str]] = {
    ".md": lambda plan, project: defused(plan_markdown(plan, project, ENOUGH)),
    ".html": _html,
    ".json": lambda plan, _: f"{json_text(plan_json(plan))}\n",
}
