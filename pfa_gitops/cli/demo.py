"""`pfa-gitops demo`: do the whole story once, on this machine."""

import tempfile
from pathlib import Path

import click

from pfa_gitops.cli.console import Console
from pfa_gitops.demo import story
from pfa_gitops.local_stack.state import usable


@click.command()
@click.option(
    "--directory",
    "-C",
    type=click.Path(path_type=Path, file_okay=False),
    help="An empty folder for the project, which stays. Default: a temporary one.",
)
@click.option("--keep", is_flag=True, help="Leave the project and the servers at the end, to look around.")
def demo(directory: Path | None, keep: bool) -> None:
    """Start a local stack, validate, plan and apply the quickstart, run its flow, change a field, clean up."""
    console = Console()
    with usable(directory or Path(tempfile.gettempdir()), "--directory"):
        story.play(directory, keep, lambda text, bold: console.say(click.style(text, bold=True) if bold else text))
