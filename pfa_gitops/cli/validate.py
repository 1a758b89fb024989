"""`pfa-gitops validate`: check the manifests without asking any server."""

from pathlib import Path

import click

from pfa_gitops import wiring
from pfa_gitops.cli import options
from pfa_gitops.cli.console import Console
from pfa_gitops.model.errors import ProblemsFound
from pfa_gitops.views.problems import problems_json
from pfa_gitops.views.values import printable

FORMAT = "pfa-gitops/validation/v1"


@click.command()
@options.shared()
def validate(directory: Path, environment: str | None, output: str, quiet: bool) -> None:
    """Check the manifests: syntax, templates, fields, references. Asks no server and needs no credentials."""
    console = Console(output, quiet)
    try:
        found = wiring.workspace(directory, environment)
    except ProblemsFound as error:
        if console.as_json:
            console.document({"format": FORMAT, "valid": False, "problems": problems_json(error.problems)})
        raise
    name, count, notices = found.environment.name, len(found.manifests), list(found.notices)
    if console.as_json:
        document = {"format": FORMAT, "valid": True, "environment": name, "manifests": count, "notices": notices}
        console.document(document)
        return
    for notice in notices:
        console.warn(f"note: {printable(notice)}")
    console.say(
        f"{'1 manifest is' if count == 1 else f'{count} manifests are'} valid in environment {printable(name)}."
    )
