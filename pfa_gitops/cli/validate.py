"""`pfa-gitops validate`: check the manifests without asking any server."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import click

from pfa_gitops import wiring
from pfa_gitops.cli import options
from pfa_gitops.cli.console import Console
from pfa_gitops.model.errors import Problem, ProblemsFound
from pfa_gitops.views.problems import problems_json
from pfa_gitops.views.values import printable

FORMAT = "pfa-gitops/validation/v1"


@click.command()
@click.option(
    "--junit",
    "file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Also write a JUnit report to this file: a test case per manifest file.",
)
@options.shared("text", "json", "junit")
def validate(*, file: Path | None, directory: Path, environment: str | None, output: str, quiet: bool) -> None:
    """Check the manifests: syntax, templates, fields, references. Asks no server and needs no credentials."""
    console = Console(output, quiet)
    try:
        found = wiring.workspace(directory, environment)
    except ProblemsFound as error:
        if console.as_json:
            console.document({"format": FORMAT, "valid": False, "problems": problems_json(error.problems)})
        _report(console, file, partial(_junit, directory, environment, error.problems))
        raise
    name, count, notices = found.environment.name, len(found.manifests), list(found.notices)
    _report(console, file, partial(_junit, directory, environment, (), notices))
    if console.as_json:
        document = {"format": FORMAT, "valid": True, "environment": name, "manifests": count, "notices": notices}
        console.document(document)
        return
    for notice in notices:
        console.warn(f"note: {printable(notice)}")
    if console.as_document:
        return
    console.say(
        f"{'1 manifest is' if count == 1 else f'{count} manifests are'} valid in environment {printable(name)}."
    )


def _report(console: Console, file: Path | None, make: Callable[[], str]) -> None:
    """Say it as JUnit XML too, on standard output or in a file."""
    if file is None and console.format != "junit":
        return
    text = make()
    if file is not None:
        file.write_text(f"{text}\n", "utf-8")
    if console.format == "junit":
        console.say(text)


def _junit(directory: Path, environment: str | None, problems: Sequence[Problem], notices: Sequence[str] = ()) -> str:
    from pfa_gitops.views.junit import junit  # noqa: PLC0415 - other forms need no XML

    return junit([str(found) for found in wiring.manifest_files(directory, environment)], problems, notices)
