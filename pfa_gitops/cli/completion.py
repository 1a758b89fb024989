"""`pfa-gitops completion`: the script that makes a shell complete commands, options, environments and objects."""

import click
from click.shell_completion import get_completion_class

from pfa_gitops.cli.app import app

PROGRAM = "pfa-gitops"
VARIABLE = "_PFA_GITOPS_COMPLETE"
"""What the script sets when it asks for words: click's own name for it."""


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print what makes SHELL complete commands, options, environments and objects."""
    found = get_completion_class(shell)
    assert found is not None  # noqa: S101 - for mypy: click knows the three
    click.echo(found(app, {}, PROGRAM, VARIABLE).source())
