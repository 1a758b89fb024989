"""A plan as Markdown, for a comment on a pull request or a step's summary. Pure.

What a reviewer must know stands first, the dearest changes before the others, each with its diff folded away.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import islice, pairwise

from pfa_gitops.model.risk import Risk
from pfa_gitops.model.values import Action, Change, Plan
from pfa_gitops.views.contract import in_words
from pfa_gitops.views.difference import difference
from pfa_gitops.views.fitting import Entry, Fitted, fit
from pfa_gitops.views.graph import plan_graph
from pfa_gitops.views.limits import COMMENT_LIMIT
from pfa_gitops.views.markdown_notes import not_running, notes, will_run
from pfa_gitops.views.markdown_text import characters, element, fenced, link, marker, prose, span
from pfa_gitops.views.mermaid import mermaid
from pfa_gitops.views.terminal import SIGN, show_runs
from pfa_gitops.views.weight import RISK_WORD, Groups, Weight, by_weight

RESERVED = 1_000
"""Characters that are kept for headings, and for the sentence that says what was left out."""
WORDS = {
    Action.CREATE: "is created",
    Action.UPDATE: "is updated",
    Action.REPLACE: "is deleted and made anew",
    Action.DELETE: "is deleted",
}
WORTH_SAYING = frozenset({Risk.EXPOSES_SECRET, Risk.LOOSENS_PROTECTION, Risk.RESTARTS_AGENT})
"""The risks that neither the action nor the flow runs tell."""


def plan_markdown(plan: Plan, project: str, most_characters: int = COMMENT_LIMIT, more_at: str = "") -> str:
    """Return the plan as Markdown of at most `most_characters`, counted as GitHub does.

    It begins with `marker(project, plan.environment)`. Where it would be too long, diffs are left out from the least
    risky change on, then the graph, then objects, and it says so. `more_at` is the URL of the whole plan, if there is
    one. A plan with long notices needs some 4,000 characters.
    """
    title = f"{span(project)} in environment {span(plan.environment)}"
    first = marker(project, plan.environment)
    if plan.is_empty:
        head = [f"**{title}**: nothing to change, {plan.count(Action.NONE)} unchanged{not_running(plan)}."]
        return _document(first, [*head, *notes(plan, most_characters - RESERVED)])
    head = [f"### Plan for {title}", counts_table(plan)]
    room = most_characters - characters(_document(first, head)) - RESERVED
    before = list(notes(plan, room // 2))
    before.append(will_run(plan, room // 4))
    groups = by_weight(change for change in plan.changes if change.action is not Action.NONE or change.adopts)
    entries = [_entry(change) for _, group in groups for change in group]
    fitted = fit(entries, room - characters(_document("", before)))
    drawn = _graph(plan)
    shown = drawn if characters(drawn) + 2 <= fitted.left else ""
    last = _left_out(fitted, bool(drawn) and not shown, more_at)
    return _document(first, [*head, *before, *_sections(groups, fitted), shown, last])


def _document(first: str, blocks: Sequence[str]) -> str:
    """The marker is a block of its own; blank lines between the others."""
    return "\n".join([first, "\n\n".join(block for block in blocks if block), ""])


def counts_table(plan: Plan) -> str:
    """How many objects are created, updated and so on, as a table."""
    counts = {**{action.value: plan.count(action) for action in SIGN}, "unchanged": plan.count(Action.NONE)}
    return table(counts)


def table(counts: Mapping[str, int]) -> str:
    """Numbers below their names. The names are ours: a table keeps no foreign text."""
    rows = (list(counts), ["---:"] * len(counts), [f"**{count}**" if count else "0" for count in counts.values()])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _entry(change: Change) -> Entry:
    said = _said(change, lambda text: f"**{text}**")
    line = f"- `{SIGN.get(change.action, '=')}` {span(str(change.address))} {said}"
    return Entry(line, partial(_details, change) if change.fields or change.contract else None)


def _said(change: Change, bold: Callable[[str], str]) -> str:
    """What happens to an object, in words."""
    adopted = ["becomes this project's"] if change.adopts else []
    told = [WORDS[change.action]] if change.action is not Action.NONE else []
    risks = [bold(RISK_WORD[risk]) for risk in change.risks if risk in WORTH_SAYING]
    runs = [bold(f"flow runs: {show_runs(change.impact)}")] if change.impact else []
    breaks = [bold("takes other parameters")] if any(parameter.breaking for parameter in change.contract) else []
    return ", ".join([*adopted, *told, *risks, *runs, *breaks])


def _details(change: Change) -> str:
    """What happens to an object, which opens to its diff."""
    name, said = element(str(change.address)), _said(change, lambda text: f"<b>{text}</b>")
    summary = f"<details><summary><code>{SIGN[change.action]}</code> {name} {said}</summary>"
    diff = [f"{line.sign} {line.text}" for line in difference(change)]
    parameters = [
        f"- {'**breaking**' if parameter.breaking else 'safe'}: {prose(in_words(parameter))}"
        for parameter in change.contract
    ]
    blocks = [summary, fenced(diff, "diff") if diff else "", "\n".join(parameters), "</details>"]
    return "\n\n".join(block for block in blocks if block)


def _sections(groups: Groups, fitted: Fitted) -> Iterator[str]:
    """A heading for each sort of risk, and its changes."""
    texts = iter(fitted.texts)
    for weight, group in groups:
        shown = [text for text in islice(texts, len(group)) if text is not None]
        heading = f"#### {weight.value} ({len(group)})" if len(groups) > 1 or weight is not Weight.REST else ""
        yield from [heading, listed(shown)] if shown else []


def listed(entries: Sequence[str]) -> str:
    """Entries below each other: points of one list stand close, what can be opened stands apart."""
    text = ""
    for before, entry in pairwise(["", *entries]):
        close = before.startswith("- ") and entry.startswith("- ")
        text += ("\n" if close else "\n\n" if before else "") + entry
    return text


def _graph(plan: Plan) -> str:
    """What changes and what it refers to, folded away; nothing where nothing refers to anything."""
    graph = plan_graph(plan)
    if not graph.edges:
        return ""
    more = f" ({graph.left_out} more objects are not in it)" if graph.left_out else ""
    block = fenced(mermaid(graph).split("\n"), "mermaid")
    return f"<details><summary>Graph of what changes{more}</summary>\n\n{block}\n\n</details>"


def _left_out(fitted: Fitted, graph: bool, more_at: str) -> str:
    """What is missing for want of room, and where all of it is."""
    whole = link("the whole plan", more_at) if more_at else ""
    missing = [f"{fitted.folded} diffs"] if fitted.folded else []
    missing += ["the graph"] if graph else []
    missing += [f"{fitted.dropped} objects"] if fitted.dropped else []
    if not missing:
        return f"See {whole}." if whole else ""
    where = f"they are in {whole}" if whole else "`pfa-gitops plan` shows all of it"
    return f"_Too long for one comment: {', '.join(missing)} left out; {where}._"
