"""The options that all commands share."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from pfa_gitops.cli import complete
from pfa_gitops.views.limits import COMMENT_LIMIT

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

directory = click.option(
    "-C",
    "--directory",
    type=click.Path(path_type=Path),
    default=Path(),
    help="The project's folder, where pfa-gitops.yaml is. Default: this one.",
)

environment = click.option(
    "-e",
    "--environment",
    shell_complete=complete.environments,
    help="The environment. Default: the project's default one.",
)
quiet = click.option("-q", "--quiet", is_flag=True, help="No progress; problems, notes and the answer only.")


lock_timeout = click.option(
    "--lock-timeout",
    type=float,
    default=90,
    show_default=True,
    help="Seconds to wait for somebody else's apply to end.",
)
wait_timeout = click.option(
    "--wait-timeout",
    type=float,
    default=900,
    show_default=True,
    help="Seconds to wait for an object to be ready.",
)


def writing(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options of the commands that write to platforms."""
    for option in (wait_timeout, lock_timeout, click.option("--auto-approve", is_flag=True, help="Do not ask.")):
        command = option(command)
    return command


def reports(what: str, *ends: str) -> Decorator:
    """`--report`, for the files that get the answer too."""
    return click.option(
        "--report",
        "reports",
        multiple=True,
        type=click.Path(path_type=Path, dir_okay=False),
        help=f"Also write {what} to this file, as its name ends: {', '.join(ends)}. May be given several times.",
    )


def bounded(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that keep a Markdown answer within the size of a comment."""
    for option in (
        click.option("--more-at", default="", metavar="URL", help="Of --format markdown: link to all of it there."),
        click.option(
            "--most-characters",
            type=click.IntRange(min=4_000),
            default=COMMENT_LIMIT,
            show_default=True,
            help="Of --format markdown: leave out what is least risky where it would be longer.",
        ),
    ):
        command = option(command)
    return command


def output_format(*formats: str) -> Decorator:
    """`--format`, with the formats that the command knows; the first one is the default."""
    return click.option("--format", "output", type=click.Choice(formats), default=formats[0], help="How to answer.")


def shared(*formats: str) -> Decorator:
    """The four options that every command takes."""

    def add(command: Callable[..., Any]) -> Callable[..., Any]:
        for option in (quiet, output_format(*(formats or ("text", "json"))), environment, directory):
            command = option(command)
        return command

    return add
