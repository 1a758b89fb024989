"""What a reviewer must know of a plan before its changes, as Markdown: boxes, and whether runs will start. Pure."""

from collections.abc import Iterator, Sequence

from pfa_gitops.model.chain import Verdict
from pfa_gitops.model.impact import Effect
from pfa_gitops.model.policy import Severity
from pfa_gitops.model.values import Plan
from pfa_gitops.views.chains import SIGN, Alike, alike
from pfa_gitops.views.fitting import first_that_fit
from pfa_gitops.views.markdown_text import characters, prose, span
from pfa_gitops.views.terminal import show_runs
from pfa_gitops.views.verdicts import Broken, broken

TOLD = 20
"""Points that are shown of each sort."""
BREACH = "Apply refuses this plan:"
WILL_RUN = "Will it run, once applied?"


def notes(plan: Plan, room: int) -> Iterator[str]:
    """What must not be missed, as the boxes that GitHub and GitLab draw, in `room` characters."""
    lost = any(run.effect is not Effect.MOVED for run in plan.affected)
    runs = [f"Flow runs: {show_runs(plan.affected)}."] if plan.affected else []
    opened = [f"{span(str(address))} is no longer protected." for address, on in plan.protection if not on]
    closed = [f"{span(str(address))} becomes protected." for address, on in plan.protection if on]
    denied, warned = (
        [_policy(one) for one in broken(plan.verdicts) if (one.severity is Severity.DENY) is denies]
        for denies in (True, False)
    )
    for level, texts in (
        ("CAUTION", [*(f"{BREACH} {prose(breach)}" for breach in plan.breaches), *denied]),
        ("WARNING", [*warned, *(runs if lost else []), *opened]),
        ("NOTE", [*([] if lost else runs), *closed, *(f"Note: {prose(notice)}" for notice in plan.notices)]),
    ):
        if texts:
            text = _box(level, texts, room)
            room -= characters(text) + 2
            yield text


def _policy(found: Broken) -> str:
    """What a policy says of the plan."""
    said = f"{BREACH} the policy" if found.severity is Severity.DENY else "The policy"
    why = f" It cannot be evaluated: {prose(found.failure)}." if found.failure else ""
    return f"{said} {span(found.policy)}: {prose(found.message)}{found.where(span)}{why}"


def _box(level: str, texts: Sequence[str], room: int) -> str:
    """An alert with one point for each text, as many as there is room for."""
    return "\n".join([f"> [!{level}]", *_points(texts, room, "> ")])


def _points(texts: Sequence[str], room: int, before: str = "") -> list[str]:
    """A list of the texts that there is room for, and how many more there are."""
    shown = list(first_that_fit([f"{before}- {text}" for text in texts[:TOLD]], room))
    return [*shown, *([f"{before}- … and {len(texts) - len(shown)} more"] if len(shown) < len(texts) else [])]


def will_run(plan: Plan, room: int) -> str:
    """Whether the runs of each deployment will start: those that will not are in sight, the others folded away."""
    groups = alike(plan.chains)
    broken_ones = [one for one in groups if one.verdict is Verdict.NOT]
    lines = _points([_line(one) for one in broken_ones], room)
    others = _points([_line(one) for one in groups[len(broken_ones) :]], room - characters("\n".join(lines)))
    if not groups:
        return ""
    folded = [f"<details><summary>{_counts(plan)}</summary>", "\n".join(others), "</details>"] if others else []
    return "\n\n".join(block for block in (f"#### {WILL_RUN}", "\n".join(lines), *folded) if block)


def _line(one: Alike) -> str:
    return f"{SIGN[one.verdict]} {one.named(span)}: {prose(one.way)}"


def _counts(plan: Plan) -> str:
    """How many will run, and of how many that is not known."""
    count = {verdict: sum(one.verdict is verdict for one in plan.chains) for verdict in Verdict}
    told = [f"{count[Verdict.OK]} will"] if count[Verdict.OK] else []
    told += [f"of {count[Verdict.UNKNOWN]} something is not known"] if count[Verdict.UNKNOWN] else []
    return ", ".join(told)


def not_running(plan: Plan) -> str:
    """For a plan that changes nothing: how many deployments' runs do not start."""
    count = sum(one.verdict is Verdict.NOT for one in plan.chains)
    return f"; runs of {count} {'deployment' if count == 1 else 'deployments'} do not start" if count else ""
