"""The action's `drift`: one issue that is open as long as something drifts."""

from pfa_gitops.github import command
from pfa_gitops.github.drift_issue import close_drift, tell_drift
from pfa_gitops.github.step import Step
from pfa_gitops.github.texts import drift_ended, drift_text, drift_title, footer
from pfa_gitops.model.errors import PfaError

DRIFTED = 2


def drift(step: Step) -> int:
    """Compare, and open, edit or close the issue. Drift is told by it, and does not fail the job."""
    answer = command.run(["drift", *step.arguments])
    step.annotate(answer.problems)
    if answer.code not in {0, DRIFTED}:
        if not answer.interrupted:
            step.summary(step.report(answer))
        return step.end(answer.code)
    drifted = answer.code == DRIFTED
    text = drift_text(step.owner, answer.text) if drifted else drift_ended(step.owner)
    step.summary(text)
    step.outputs["drifted"] = str(drifted).lower()
    try:
        step.outputs["issue-url"] = _issue(step, text, drifted=drifted) if step.inputs.comments else ""
    except PfaError as error:
        return step.end(0, error)
    return step.end(0)


def _issue(step: Step, text: str, *, drifted: bool) -> str:
    below = footer(step.here.commit, step.here.page)
    with step.github() as github:
        if drifted:
            return tell_drift(github, step.inputs.label, drift_title(step.owner), text, below)
        return close_drift(github, step.inputs.label, text, below)
