"""The action's `select`: a matrix of what an event concerns; and comments on what a pull request no longer has end."""

import os
from collections.abc import Iterable

from pfa_gitops.github.comments import put_comment
from pfa_gitops.github.inputs import words
from pfa_gitops.github.selection import matrix, no_longer_declared, select, what_changed
from pfa_gitops.github.step import Step
from pfa_gitops.github.texts import no_longer_declared_text
from pfa_gitops.model.errors import PfaError


def select_targets(step: Step) -> int:
    """Find out which projects and environments the event concerns."""
    given = {name: words(os.environ.get(f"PFA_{name}", "")) for name in ("PROJECTS", "ENVIRONMENTS", "PATHS")}
    with step.github() as github:
        changed = what_changed(github, step.here)
    targets = select(step.inputs.directory, given["PROJECTS"], given["ENVIRONMENTS"], changed, given["PATHS"])
    step.outputs |= {"targets": matrix(targets), "any": str(bool(targets)).lower()}
    return step.end(0, _end_comments(step, no_longer_declared(step.inputs.directory, changed.told)))


def _end_comments(step: Step, gone: Iterable[str]) -> PfaError | None:
    """Have the comments with these markers say so, where there is a pull request of our own; what hindered it."""
    pull_request = step.here.pull_request
    if pull_request is None or pull_request.is_strange or not step.inputs.comments:
        return None
    try:
        with step.github() as github:
            for marker in gone:
                put_comment(github, pull_request.number, no_longer_declared_text(marker))
    except PfaError as error:
        return error
    return None
