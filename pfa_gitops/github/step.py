"""One step of the action: run the command, tell how it went in all the places where people look."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pfa_gitops.github.api import GitHub
from pfa_gitops.github.command import Answer
from pfa_gitops.github.comments import put_comment
from pfa_gitops.github.inputs import Inputs
from pfa_gitops.github.projects import checkout, owner
from pfa_gitops.github.surroundings import Surroundings
from pfa_gitops.github.texts import FOOTER_ROOM, failed, listed, with_footer
from pfa_gitops.github.workflow_commands import add_summary, annotate, set_outputs
from pfa_gitops.model.errors import PfaError, Problem
from pfa_gitops.model.values import Owner
from pfa_gitops.views.limits import COMMENT_LIMIT
from pfa_gitops.views.markdown_text import characters


@dataclass
class Step:
    """What all commands of the action need. The current directory is the project's."""

    inputs: Inputs
    here: Surroundings
    token: str
    temporary: Path
    outputs: dict[str, str] = field(default_factory=dict)

    @property
    def owner(self) -> Owner:
        """Whose the objects are, as far as the project's file can be read."""
        return owner(Path(), self.inputs.environment)

    @property
    def arguments(self) -> list[str]:
        """The options that the command gets."""
        return [*self.in_environment, *self.inputs.arguments]

    @property
    def in_environment(self) -> list[str]:
        """The option that every command knows. The others are of the command that the workflow names."""
        return ["--environment", self.inputs.environment] if self.inputs.environment else []

    def github(self) -> GitHub:
        """An open connection."""
        return GitHub(self.here.api_url, self.here.graphql_url, self.here.repository, self.token)

    def annotate(self, problems: Sequence[Problem], level: str = "error") -> None:
        """Show problems at the lines of the pull request."""
        here = Path.cwd()
        annotate(problems, checkout(here) or here, f"pfa-gitops {self.inputs.command}", level)

    def report(self, answer: Answer, of: str = "") -> str:
        """What the command printed, and what stopped it. `of` is what its marker says."""
        if answer.text.strip():
            text = answer.text.rstrip()
            room = COMMENT_LIMIT - characters(text) - FOOTER_ROOM
            return f"{text}\n\n{listed(answer.problems, room)}" if answer.problems else text
        told = answer.problems or [Problem("it was not carried out", "see the log")]
        return failed(self.owner, self.inputs.command, told, of)

    def summary(self, text: str, shorter: str = "") -> None:
        """Show Markdown on the run's page."""
        add_summary(os.environ, text, shorter)

    def comment(self, number: int | None, text: str) -> PfaError | None:
        """Have the one comment of this marker say `text`; what hindered it.

        An older comment that stays would tell of another commit, so that is an error.
        """
        if number is None or not self.inputs.comments:
            return None
        try:
            with self.github() as github:
                url = put_comment(github, number, with_footer(text, self.commit, self.here.page))
        except PfaError as error:
            return error
        self.outputs["comment-url"] = url
        return None

    @property
    def commit(self) -> str:
        """What reviewers see: the last commit of the pull request, else what is checked out."""
        return self.here.pull_request.head if self.here.pull_request else self.here.commit

    def end(self, code: int, told: PfaError | None = None) -> int:
        """Hand over the outputs; the exit code, which is that of a failure to tell where all else went well."""
        if told is not None:
            self.annotate(told.problems)
            code = code or told.exit_code
        set_outputs(os.environ, {**self.outputs, "exit-code": str(code)})
        return code
