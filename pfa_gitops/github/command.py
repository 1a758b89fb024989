"""Runs one command of pfa-gitops in this process: its exit code, what it prints, and its problems as values.

In this process, so that the end of a job (SIGINT, SIGTERM) reaches the apply itself.
"""

import io
import signal
import sys
from collections.abc import Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass

from pfa_gitops.cli import app
from pfa_gitops.cli.console import fail
from pfa_gitops.model.errors import PfaError, Problem

INTERRUPTIONS = {128 + number for number in (signal.SIGINT, signal.SIGTERM)}


@dataclass(frozen=True)
class Answer:
    """How a command ended."""

    code: int
    text: str
    """What it printed on standard output."""
    problems: tuple[Problem, ...] = ()
    """What stopped it."""

    @property
    def interrupted(self) -> bool:
        """Whether it was broken off, as a newer commit's job does: it has nothing to tell."""
        return self.code in INTERRUPTIONS

    @property
    def withheld(self) -> bool:
        """Whether it lacks nothing but secrets, a login or a server."""
        return bool(self.problems) and all(problem.withheld for problem in self.problems)


def run(arguments: Sequence[str]) -> Answer:
    """Run a command to its end. Progress and problems go to standard error as ever."""
    problems: list[Problem] = []

    def keep(error: PfaError) -> int:
        problems.extend(error.problems)
        return fail(error)

    with redirect_stdout(io.StringIO()) as printed:
        code = app.run(list(arguments), keep)
    sys.stdout.write(printed.getvalue())  # for the log; no line of it is a command to the runner
    return Answer(code, printed.getvalue(), tuple(problems))
