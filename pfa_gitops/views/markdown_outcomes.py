"""What became of a plan as Markdown: the report back on the pull request. Pure."""

from collections.abc import Sequence

from pfa_gitops.model.values import Outcome, Plan, Result
from pfa_gitops.views.fitting import Entry, fit
from pfa_gitops.views.limits import COMMENT_LIMIT
from pfa_gitops.views.markdown import RESERVED, listed, table
from pfa_gitops.views.markdown_text import characters, link, marker, prose, span
from pfa_gitops.views.terminal import DONE_WORD, SIGN, show_result

APPLY = "apply"
"""What the marker of such a report says, so that it is told from a plan's comment."""
HEADINGS = {
    Result.FAILED: "Failed",
    Result.BLOCKED: "Blocked by what failed",
    Result.SKIPPED: "Skipped",
    Result.DONE: "Done",
}
"""What did not succeed stands first."""


def outcomes_markdown(
    plan: Plan, outcomes: Sequence[Outcome], project: str, most_characters: int = COMMENT_LIMIT, more_at: str = ""
) -> str:
    """Return the report as Markdown of at most `most_characters`, counted as GitHub does.

    It begins with `marker(project, plan.environment, APPLY)`. Where it would be too long it says so; `more_at` is the
    URL of all of it, if there is one.
    """
    first = marker(project, plan.environment, APPLY)
    title = f"{span(project)} in environment {span(plan.environment)}"
    if not outcomes:
        return f"{first}\n**{title}**: nothing was to be done.\n"
    result = show_result(outcomes)
    counts = {kind.value: sum(outcome.result is kind for outcome in outcomes) for kind in HEADINGS}
    head = [f"### Apply for {title}", table(counts), result]
    groups = {kind: [one for one in outcomes if one.result is kind] for kind in HEADINGS}
    room = most_characters - characters("\n\n".join([first, *head])) - RESERVED
    fitted = fit([Entry(_line(outcome)) for group in groups.values() for outcome in group], room)
    texts = iter(fitted.texts)
    blocks = [_section(kind, [next(texts) for _ in group]) for kind, group in groups.items()]
    where = f"; they are in {link('the whole report', more_at)}" if more_at else ""
    last = f"_Too long for one comment: {fitted.dropped} objects left out{where}._" if fitted.dropped else ""
    return "\n".join([first, "\n\n".join(block for block in [*head, *blocks, last] if block), ""])


def _section(result: Result, lines: Sequence[str | None]) -> str:
    shown = listed([line for line in lines if line is not None])
    if not shown:
        return ""
    if result is Result.DONE:
        return f"<details><summary>{HEADINGS[result]} ({len(lines)})</summary>\n\n{shown}\n\n</details>"
    return f"#### {HEADINGS[result]} ({len(lines)})\n\n{shown}"


def _line(outcome: Outcome) -> str:
    change = outcome.change
    name = f"- `{SIGN.get(change.action, '=')}` {span(str(change.address))}"
    if outcome.result is Result.DONE:
        return f"{name} {DONE_WORD.get(change.action, 'done')} in {outcome.seconds:.1f} s"
    if outcome.problem is None:
        return f"{name} {outcome.result.value}"
    told = " ".join(f"{prose(part)}." for part in _sentences(outcome.problem.message, outcome.problem.mend))
    place = f" ({span(str(outcome.problem.origin))})" if outcome.problem.origin else ""
    return f"{name} {outcome.result.value}: {told}{place}"


def _sentences(*texts: str) -> list[str]:
    return [text.rstrip(".") for text in texts if text]
