"""What the commands say: the one document on standard output, everything else on standard error."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from pfa_gitops.model.errors import PfaError
from pfa_gitops.views.limits import COMMENT_LIMIT
from pfa_gitops.views.problems import show_problems
from pfa_gitops.views.values import defused, json_text
from pfa_gitops.wiring import colour_wanted


@dataclass(frozen=True)
class Console:
    """How one command talks: as text or as JSON, with or without progress."""

    format: str = "text"
    quiet: bool = False
    reports: tuple[Path, ...] = ()
    """Files that get the answer too, each in the form that its name says."""
    most_characters: int = COMMENT_LIMIT
    """Of the answer as Markdown."""
    more_at: str = ""
    """The URL of all of it, for a Markdown answer that has no room for it."""

    @property
    def as_json(self) -> bool:
        """Whether standard output holds one JSON document and nothing else."""
        return self.format == "json"

    @property
    def on_terminal(self) -> bool:
        """Whether a person reads along."""
        return bool(sys.stdout.isatty())

    @property
    def colour(self) -> bool:
        """Whether the texts on standard output are coloured."""
        return colour_wanted(sys.stdout)

    @property
    def as_document(self) -> bool:
        """Whether standard output holds one document and nothing else: the plan that is asked about goes elsewhere."""
        return self.format != "text"

    def say(self, text: str) -> None:
        """The answer, for a reader."""
        click.echo(defused(text), color=self.colour)

    def document(self, value: Any) -> None:
        """The answer, for a program."""
        click.echo(json_text(value))

    def warn(self, text: str) -> None:
        """What a reader must see, also with --quiet."""
        click.echo(defused(text), err=True, color=colour_wanted(sys.stderr))

    def progress(self, text: str) -> None:
        """What goes on meanwhile."""
        if not self.quiet:
            self.warn(text)


def fail(error: PfaError) -> int:
    """Show what is wrong on standard error and return the exit code."""
    Console().warn(show_problems(error.problems, colour_wanted(sys.stderr)))
    return error.exit_code
