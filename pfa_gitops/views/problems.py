"""Problems as text and as JSON. Pure."""

from collections.abc import Iterable, Sequence
from typing import Any

from pfa_gitops.model.errors import Problem
from pfa_gitops.views.values import printable, printable_lines

BOLD, RED, DIM, RESET = "\x1b[1m", "\x1b[31m", "\x1b[2m", "\x1b[0m"
LAST = "\uffff"
INDENT = " " * 4


def show_problems(problems: Sequence[Problem], colour: bool) -> str:
    """One line with the place and what is wrong, one indented line with the mend, and a last line with the count."""
    ordered = sorted_problems(problems)
    return "\n".join([*(show_problem(problem, colour) for problem in ordered), _count(ordered)])


def problem_json(problem: Problem) -> dict[str, Any]:
    """One problem as JSON's values; what is not known is null."""
    origin = problem.origin
    return {
        "file": origin.file if origin else None,
        "line": origin.line if origin else None,
        "column": origin.column if origin else None,
        "address": str(problem.address) if problem.address else None,
        "message": problem.message,
        "mend": problem.mend or None,
    }


def problems_json(problems: Sequence[Problem]) -> list[dict[str, Any]]:
    """All problems as JSON's values, in the order in which they are shown."""
    return [problem_json(problem) for problem in sorted_problems(problems)]


def sorted_problems(problems: Iterable[Problem]) -> list[Problem]:
    """Each problem once, in the order in which they are shown."""
    return list(dict.fromkeys(sorted(problems, key=_order)))


def _order(problem: Problem) -> tuple[str, int, int]:
    """By place; what has none comes last."""
    return problem.origin or (LAST, 0, 0)


def show_problem(problem: Problem, colour: bool) -> str:
    """The place and what is wrong, and indented below it the mend."""
    bold, red, dim, reset = (BOLD, RED, DIM, RESET) if colour else ("", "", "", "")
    place = f"{bold}{printable(str(problem.origin))}:{reset} " if problem.origin else ""
    about = printable_lines(str(problem.address), INDENT) if problem.address else ""
    message, mend = printable_lines(problem.message, INDENT), printable_lines(problem.mend, INDENT)
    # a message that names the object itself needs no second name
    named = f"{about}: " if about and about not in message else ""
    first = f"{place}{named}{red}{message}{reset}"
    return f"{first}\n{INDENT}{dim}{mend}{reset}" if mend else first


def _count(problems: Sequence[Problem]) -> str:
    files = {problem.origin.file for problem in problems if problem.origin}
    number = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
    return f"{number} in {len(files)} files" if len(files) > 1 else number
