"""What the action says in comments, summaries and issues beside the commands' own Markdown. Pure."""

from collections.abc import Sequence

from pfa_gitops.model.errors import Problem
from pfa_gitops.model.values import Owner
from pfa_gitops.views.fitting import first_that_fit
from pfa_gitops.views.limits import COMMENT_LIMIT
from pfa_gitops.views.markdown_text import characters, fenced, link, marker, prose, span
from pfa_gitops.views.problems import sorted_problems
from pfa_gitops.views.values import printable

FOOTER_ROOM = 500
"""Characters that are kept for a footer."""
DRIFT = "drift"
LONGEST_TITLE = 250
PROBLEMS_ROOM = COMMENT_LIMIT - 5_000


def with_footer(text: str, commit: str, page: str) -> str:
    """Say below a report which commit it is about, and link to its run. What is one line stays one."""
    one_line = len(text.strip().splitlines()) <= 2  # noqa: PLR2004 - the marker and the line
    whole = f"{text.rstrip()}{' · ' if one_line else chr(10) * 2}{footer(commit, page)}\n"
    return whole if characters(whole) <= COMMENT_LIMIT else f"{text.rstrip()}\n"


def footer(commit: str, page: str) -> str:
    """Which commit a report is about, and the run that made it."""
    return f"<sub>{span(commit[:12])} · {link('run', page)}</sub>"


def failed(owner: Owner, command: str, problems: Sequence[Problem], of: str = "") -> str:
    """A command that ended before it had anything to report. `of` is what the marker says, as in the command's own."""
    title = f"### {command.capitalize()} for {span(owner.project)} in environment {span(owner.environment)}: failed"
    return "\n".join([marker(owner.project, owner.environment, of), title, "", listed(problems), ""])


def listed(problems: Sequence[Problem], room: int = PROBLEMS_ROOM) -> str:
    """Problems as a list, as many as there is room for."""
    points = [f"- {_point(problem)}" for problem in sorted_problems(problems)]
    shown = list(first_that_fit(points, room))
    more = [f"- … and {len(points) - len(shown)} more"] if len(shown) < len(points) else []
    return "\n".join([*shown, *more])


def _point(problem: Problem) -> str:
    place = f"{span(str(problem.origin))} " if problem.origin else ""
    about = f"{span(str(problem.address))}: " if problem.address else ""
    told = " ".join(f"{prose(text.rstrip('.'))}." for text in (problem.message, problem.mend) if text)
    return f"{place}{about}{told}"


def no_longer_declared_text(first: str) -> str:
    """What a comment of an older commit says once the pull request has its project or environment no more."""
    return f"{first}\nThis pull request no longer declares it here; its objects stay live, as they are.\n"


def planned_without_secrets(owner: Owner, problems: Sequence[Problem]) -> str:
    """The manifests of a stranger's pull request are valid, and a plan needs what it does not get."""
    title = f"### {span(owner.project)} in environment {span(owner.environment)}: valid, not planned"
    why = "This pull request gets no secrets, and the plan ended without them. A maintainer can push its branch here:"
    return "\n".join([title, "", why, "", *(f"- {_point(problem)}" for problem in problems[:20]), ""])


def drift_title(owner: Owner) -> str:
    """The issue's title, which is plain text."""
    return printable(f"Drift: {owner.project} in environment {owner.environment}")[:LONGEST_TITLE]


def drift_text(owner: Owner, report: str) -> str:
    """What the issue says of drift. `report` is what the command prints."""
    first = marker(owner.project, owner.environment, DRIFT)
    intro = (
        f"{span(owner.project)} in environment {span(owner.environment)}: what is live is not what was last applied. "
        "Apply to undo it, or change the manifests to keep it. This issue is closed when nothing differs any more."
    )
    lines = list(first_that_fit(report.rstrip().split("\n"), COMMENT_LIMIT - characters(intro) - 2_000))
    cut = ["… the run has all of it"] if len(lines) < len(report.rstrip().split("\n")) else []
    return "\n".join([first, intro, "", fenced([*lines, *cut], "text")])


def drift_ended(owner: Owner) -> str:
    """What the issue says when it is closed."""
    first = marker(owner.project, owner.environment, DRIFT)
    return f"{first}\nNothing drifts any more: what is live is what was last applied."
