"""What a workflow's author asks of the action, as `action.yml` hands it over: variables that begin with PFA_. Pure."""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pfa_gitops.model.closest import did_you_mean
from pfa_gitops.model.errors import ReaderError

SELECT = "select"
COMMANDS = ("plan", "apply", "validate", "drift", SELECT)
TRUE = {"true": True, "false": False}
UNREVIEWED = ("refuse", "apply")


@dataclass(frozen=True)
class Inputs:
    """The action's inputs."""

    command: str
    directory: Path
    """The project's folder, relative to the workspace."""
    environment: str | None
    comments: bool
    applies_unreviewed: bool
    """Whether apply goes on, by a plan that nobody saw, where no reviewed one is to be had."""
    arguments: tuple[str, ...]
    """More options for the command."""
    label: str
    """Of the issue about drift."""


def inputs(environ: Mapping[str, str]) -> Inputs:
    """Read the inputs; an empty one counts as left out. Raises ReaderError."""
    given = {name: value for name, value in environ.items() if value.strip()}
    unreviewed = _one_of("unreviewed", given.get("PFA_UNREVIEWED", UNREVIEWED[0]), UNREVIEWED)
    return Inputs(
        command=_one_of("command", given.get("PFA_COMMAND", COMMANDS[0]), COMMANDS),
        directory=Path(given.get("PFA_DIRECTORY", ".")),
        environment=given.get("PFA_ENVIRONMENT"),
        comments=TRUE[_one_of("comment", given.get("PFA_COMMENT", "true"), tuple(TRUE))],
        applies_unreviewed=unreviewed == "apply",
        arguments=_arguments(given.get("PFA_ARGUMENTS", "")),
        label=given.get("PFA_LABEL", "pfa-gitops-drift"),
    )


def words(text: str) -> list[str]:
    """The names that an input holds, separated by spaces, commas or line breaks."""
    return text.replace(",", " ").split()


def _one_of(name: str, value: str, known: tuple[str, ...]) -> str:
    if value not in known:
        mend = did_you_mean(value, known) or f"write one of {', '.join(known)}"
        raise ReaderError(f"the input {name} is {value!r}", mend)
    return value


def _arguments(text: str) -> tuple[str, ...]:
    """Split as a shell does, which sees none of it."""
    try:
        return tuple(shlex.split(text))
    except ValueError as error:
        raise ReaderError(f"the input arguments cannot be read: {error}", "close the quotation mark") from None
