"""Plans and outcomes for people at a terminal. Pure: the caller says whether colour is wanted."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby

import click

from pfa_gitops.model.chain import Verdict
from pfa_gitops.model.impact import AffectedRun, counted
from pfa_gitops.model.places import show_path
from pfa_gitops.model.policy import Severity, Violation
from pfa_gitops.model.values import ABSENT, Action, Change, FieldChange, Outcome, Plan, Result
from pfa_gitops.views.chains import show_chains
from pfa_gitops.views.contract import in_words
from pfa_gitops.views.values import one_line, printable, printable_lines, side_by_side
from pfa_gitops.views.verdicts import Broken, broken
from pfa_gitops.views.weight import risk_words

Paint = Callable[[str, str], str]
"""Colours a text: the text, and the colour's name."""

SIGN = {Action.CREATE: "+", Action.UPDATE: "~", Action.REPLACE: "±", Action.DELETE: "-"}
COLOUR = {Action.CREATE: "green", Action.UPDATE: "yellow", Action.REPLACE: "magenta", Action.DELETE: "red"}
RESULT_COLOUR = {Result.DONE: "green", Result.FAILED: "red", Result.BLOCKED: "yellow", Result.SKIPPED: "yellow"}
BELOW = " " * 6
DONE_WORD = {
    Action.CREATE: "created",
    Action.UPDATE: "updated",
    Action.REPLACE: "replaced",
    Action.DELETE: "deleted",
}


def painter(colour: bool) -> Paint:
    """Return what colours texts, or leaves them as they are."""
    return (lambda text, name: click.style(text, fg=name)) if colour else (lambda text, _: text)


def heading(environment: str, notices: Sequence[str], paint: Paint) -> list[str]:
    """How every report begins: the environment, and what a reader should know."""
    told = [paint(f"note: {printable(notice)}", "cyan") for notice in notices]
    return [f"Environment {printable(environment)}", "", *told, *([""] if told else [])]


def show_plan(plan: Plan, colour: bool = False) -> str:
    """Show what would change, grouped by kind, each field as live → desired, and the counts in the last line."""
    paint = painter(colour)
    lines = heading(plan.environment, plan.notices, paint)
    pending = sorted(plan.pending, key=lambda change: change.address)
    for kind, changes in groupby(pending, key=lambda change: change.address.kind):
        lines += [f"{kind}", *(line for change in changes for line in _change_lines(change, paint)), ""]
    if plan.is_empty:
        lines += ["Nothing to change: what is live is what the manifests say.", ""]
    guarded = [
        f"  {printable(str(address))} {'becomes protected' if on else 'is no longer protected'}"
        for address, on in plan.protection
    ]
    lines += ["Protected", *guarded, ""] if guarded else []
    taken = [f"  {printable(str(change.address))} becomes this project's" for change in plan.changes if change.adopts]
    lines += ["Adopted", *taken, ""] if taken else []
    lines += [paint(f"Flow runs: {show_runs(plan.affected)}.", "yellow"), ""] if plan.affected else []
    lines += _will_run(plan, paint)
    lines += [paint(f"limit: {printable(breach)}", "red") for breach in plan.breaches]
    lines += show_verdicts(plan.verdicts, paint)
    return "\n".join([*lines, show_counts(plan)])


def show_verdicts(verdicts: Sequence[Violation], paint: Paint) -> list[str]:
    """One line for each policy that is broken: by what, or why nobody can tell."""
    return [_verdict(one, paint) for one in broken(verdicts)]


def _verdict(found: Broken, paint: Paint) -> str:
    said = f"{found.severity}: {printable(found.policy)}: {printable(found.message)}{found.where(printable)}"
    why = f"; it cannot be evaluated: {printable(found.failure)}" if found.failure else ""
    return paint(f"{said}{why}", "red" if found.severity is Severity.DENY else "yellow")


def _will_run(plan: Plan, paint: Paint) -> list[str]:
    """Whether runs will start. A plan that changes nothing tells only of those that will not."""
    quiet = plan.is_empty
    told = [one for one in plan.chains if not quiet or one.verdict is Verdict.NOT]
    return ["Will it run, once applied?", *show_chains(told, paint), ""] if told else []


def show_counts(plan: Plan) -> str:
    """The last line of a plan."""
    counts = [f"{plan.count(action)} to {action}" for action in SIGN]
    return f"Plan: {', '.join(counts)}, {plan.count(Action.NONE)} unchanged."


def _change_lines(change: Change, paint: Paint) -> Iterator[str]:
    colour = COLOUR[change.action]
    yield f"  {paint(f'{SIGN[change.action]} {printable(change.address.name)}', colour)}{_risks(change, paint)}"
    names = [printable(show_path(field.path)) for field in change.fields]
    width = min(max(map(len, names), default=0), 40)
    for name, field in zip(names, change.fields, strict=True):
        yield f"      {name:<{width}}  {_values(change.action, field, paint)}"
    if change.impact:
        yield f"      {paint(f'flow runs: {show_runs(change.impact)}', 'yellow')}"
    for parameter in change.contract:
        sort, colour = ("breaking", "red") if parameter.breaking else ("safe", "green")
        yield f"      {paint(f'{sort}: {in_words(parameter)}', colour)}"


def _risks(change: Change, paint: Paint) -> str:
    """What a reviewer looks at first. Of a safe change nothing is said."""
    shown = ", ".join(risk_words(change))
    return f"  {paint(f'[{shown}]', 'red')}" if shown else ""


def show_runs(runs: Iterable[AffectedRun]) -> str:
    """What becomes of flow runs, e.g. `3 scheduled and 1 late dropped, 2 running orphaned`."""
    counts = counted(runs).items()
    return ", ".join(
        f"{' and '.join(f'{n} {state}' for state, n in states.items())} {effect}" for effect, states in counts
    )


def _values(action: Action, field: FieldChange, paint: Paint) -> str:
    if action is Action.CREATE:
        return one_line(field.after)
    before, after = side_by_side(field.before, field.after)
    after = "(removed)" if field.after is ABSENT else after
    shown = after if field.reason and before == after else f"{before} → {after}"
    return f"{shown}  {paint(f'({printable(field.reason)})', 'cyan')}" if field.reason else shown


def show_outcome(outcome: Outcome, colour: bool = False) -> str:
    """One line for one change that ended; why, in a second line, where it did not succeed."""
    paint = painter(colour)
    change, address = outcome.change, printable(str(outcome.change.address))
    if outcome.result is Result.DONE:
        sign = paint(SIGN[change.action], COLOUR[change.action])
        return f"  {sign} {address} {DONE_WORD[change.action]} in {outcome.seconds:.1f} s"
    text = f"  {paint(f'✗ {address} {outcome.result}', RESULT_COLOUR[outcome.result])}"
    if outcome.problem:
        text += f": {printable_lines(outcome.problem.message, BELOW)}"
        text += f"\n{BELOW}{printable_lines(outcome.problem.mend, BELOW)}" if outcome.problem.mend else ""
    return text


def show_result(outcomes: Sequence[Outcome], colour: bool = False) -> str:
    """The last line of an apply."""
    counts = {result: sum(outcome.result is result for outcome in outcomes) for result in Result}
    told = [f"{count} {result}" for result, count in counts.items() if count or result is Result.DONE]
    good = counts[Result.DONE] == len(outcomes)
    text = f"Apply {'complete' if good else 'incomplete'}: {', '.join(told)}."
    again = any(outcome.result is not Result.DONE and not outcome.stale for outcome in outcomes)
    mend = "" if good else " Apply again to go on from here." if again else " What was skipped says why."
    return painter(colour)(text, "green" if good else "red") + mend
