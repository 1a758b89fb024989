"""`python -m pfa_gitops.github find | run`: the steps of `action.yml`."""

import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NoReturn

from pfa_gitops.cli.app import INTERRUPTED
from pfa_gitops.cli.console import fail
from pfa_gitops.github import applies, drifts, plans
from pfa_gitops.github.environment import of_a_stranger, prepare, set_apart, take_token
from pfa_gitops.github.inputs import SELECT, inputs
from pfa_gitops.github.selects import select_targets
from pfa_gitops.github.step import Step
from pfa_gitops.github.surroundings import surroundings
from pfa_gitops.github.workflow_commands import annotate, mask
from pfa_gitops.model.defects import REPORT, defect
from pfa_gitops.model.errors import PfaError, ReaderError
from pfa_gitops.platforms.secret_stores import APART

RUN: Mapping[str, Callable[[Step], int]] = {
    "plan": plans.plan,
    "apply": applies.apply,
    "validate": plans.validate,
    "drift": drifts.drift,
}


def main(arguments: list[str]) -> int:
    """Do one step; its exit code is the command's. Nobody sees a traceback."""
    token = take_token(os.environ)
    try:
        asked = inputs(os.environ)
        temporary = set_apart(os.environ, asked.directory, asked.environment)
        step = Step(asked, surroundings(os.environ), token, temporary)
        return _STEPS[arguments[0]](step)
    except PfaError as error:
        told = error
    except KeyboardInterrupt:
        return INTERRUPTED
    except OSError as error:
        told = ReaderError(f"{error.filename or 'the output'}: {error.strerror or type(error).__name__}")
    except Exception as error:  # the last resort, as in cli.app
        told = PfaError(defect(error), REPORT)
    annotate(told.problems, Path.cwd(), "pfa-gitops")
    return fail(told)


def _run(step: Step) -> int:
    """Run the command, in the project's folder."""
    if not step.inputs.directory.is_dir():
        raise ReaderError(f"{step.inputs.directory} is no directory", "check the input working-directory")
    if step.inputs.command == SELECT:
        return select_targets(step)
    if step.here.by_a_stranger and APART not in os.environ:
        _start_apart(step)
    mask(os.environ, prepare(os.environ))
    os.chdir(step.inputs.directory)
    return RUN[step.inputs.command](step)


def _start_apart(step: Step) -> NoReturn:
    """Put a process in the place of this one that never saw a secret, and finds no login of the machine's user."""
    home = step.temporary / "home"
    home.mkdir(parents=True, exist_ok=True)
    program = [sys.executable, "-P", "-m", "pfa_gitops.github", "run"]
    sys.stdout.flush()
    os.execve(sys.executable, program, of_a_stranger(os.environ, home))  # noqa: S606 - our own program


_STEPS: Mapping[str, Callable[[Step], int]] = {"find": applies.find, "run": _run}

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
