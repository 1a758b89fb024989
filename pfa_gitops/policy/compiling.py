"""Policies → problems: those that do not compile, each with its place in the project file."""

import re
from collections.abc import Iterator
from pathlib import Path

from pfa_gitops.manifests.pipeline import Workspace
from pfa_gitops.model.errors import Problem
from pfa_gitops.model.places import Address, Origin
from pfa_gitops.policy.child import SPENT, ask, is_installed

_PLACE = re.compile(r"<input>:(\d+):(\d+): (.*)")
"""Where CEL says that an error is: line, column. It tells that in its text only."""
LONGEST = 300
MEND = "see docs/safety.md for what a policy may name: `change`, `plan`, `environment`"


def check_policies(found: Workspace) -> Iterator[Problem]:
    """What keeps the project's policies from being evaluated, those of other environments too."""
    policies = found.project.spec.policies
    if not policies:
        return
    if not is_installed():
        mend = "install cel-expr-python; there are wheels for Linux, Windows and Macs with Apple's processors"
        yield Problem("policies need the package cel-expr-python", mend, _origin(found, 0))
        return
    answers = ask([policy.when for policy in policies])
    for index, answer in enumerate(answers.told):
        if "error" in answer:
            yield _problem(found, index, str(answer["error"]))
    if (late := answers.unfinished) is not None:
        message = f"the policy {policies[late].name} was not compiled: {answers.why}"
        yield Problem(message, "write it shorter" if answers.why == SPENT else "", _origin(found, late))


def _problem(found: Workspace, index: int, text: str) -> Problem:
    where = _PLACE.search(text)
    line, column, why = (int(where[1]), int(where[2]), where[3]) if where else (0, 0, text.split("\n", 1)[0])
    origin = _origin(found, index)
    place = _inside(found, origin, line, column) if origin else None
    why = why.replace(" (in container '')", "")[:LONGEST]
    message = f"the policy {found.project.spec.policies[index].name} is no CEL expression: {why}"
    return Problem(message, MEND, place, Address("Project", found.project.name))


def _origin(found: Workspace, index: int) -> Origin | None:
    return found.project.origins.at(("spec", "policies", index, "when"))


def _inside(found: Workspace, origin: Origin, line: int, column: int) -> Origin:
    """The place in the file of a place in the expression; where that cannot be told, where the expression begins."""
    lines = Path(origin.file).read_text(errors="replace").splitlines()
    if not 0 < origin.line <= len(lines) or line < 1 or column < 1:
        return origin
    written = lines[origin.line - 1][origin.column - 1 :]
    if written[:1] == "|":
        row = origin.line + line
        indent = len(lines[row - 1]) - len(lines[row - 1].lstrip()) if row <= len(lines) else 0
        first = len(lines[origin.line]) - len(lines[origin.line].lstrip()) if origin.line < len(lines) else indent
        return Origin(origin.file, row, min(first, indent) + column)
    if written[:1] == ">" or line > 1 or "${{" in written:
        return origin
    return Origin(origin.file, origin.line, origin.column + column - (written[:1] not in {"'", '"'}))
