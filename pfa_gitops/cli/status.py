"""`pfa-gitops status`: show how pools, agents and deployments do right now, and what was applied. Writes nothing."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from pfa_gitops import wiring
from pfa_gitops.cli import options
from pfa_gitops.cli.console import Console, fail
from pfa_gitops.cli.run_to_end import run_to_end
from pfa_gitops.model.errors import PlatformError, ReaderError
from pfa_gitops.model.history import Applied
from pfa_gitops.model.status import StatusReport
from pfa_gitops.model.unmanaged import StraysReport
from pfa_gitops.views.history import history_json, show_history
from pfa_gitops.views.problems import show_problems
from pfa_gitops.views.status import show_status, status_json
from pfa_gitops.views.unmanaged import show_strays, strays_json
from pfa_gitops.wiring.connection import PREFECT, connect

ReportT = TypeVar("ReportT", StatusReport, StraysReport)

BROKEN = 2


@click.command()
@click.option("--unmanaged", is_flag=True, help="List what exists on both platforms and is not this project's.")
@click.option("--history", is_flag=True, help="List the last applies: who, when, of what commit, what became of them.")
@click.option(
    "--check",
    is_flag=True,
    help="Exit with 2 where an object is broken or runs would not start. Tries their secrets, too.",
)
@click.option("--watch", is_flag=True, help="Show it again and again, until Ctrl-C.")
@click.option(
    "--interval", type=click.FloatRange(min=1), default=5, show_default=True, help="Seconds between two, with --watch."
)
@options.shared()
def status(
    *,
    unmanaged: bool,
    history: bool,
    check: bool,
    watch: bool,
    interval: float,
    directory: Path,
    environment: str | None,
    output: str,
    quiet: bool,
) -> int:
    """Show pools, their workers, queues and runs, agents and deployments as they are right now. Writes nothing.

    For each deployment it tells whether its runs would start, and for each object whether it is as its manifest says.
    """
    console = Console(output, quiet)
    if unmanaged + history + (check or watch) > 1 or (check and watch):
        raise ReaderError("these options go each by itself", "give one of --unmanaged, --history, --check and --watch")
    if history:
        return _show_history(console, directory, environment)
    if unmanaged:
        strays = run_to_end(_strays(directory, environment))
        return _show(console, strays, strays_json, show_strays, found=bool(strays.strays))
    if watch:
        return _watch(console, directory, environment, interval)
    report = run_to_end(_status(directory, environment, check))
    code = _show(console, report, status_json, show_status, found=bool(report.statuses or report.syncs))
    return code or (BROKEN if check and not report.is_well else 0)


def _watch(console: Console, directory: Path, environment: str | None, interval: float) -> int:
    """On a terminal each report takes the place of the one before; elsewhere they follow each other."""
    if console.as_json:
        raise ReaderError("--watch has no end, and so no JSON document", "leave --format out")
    try:
        run_to_end(_again_and_again(console, directory, environment, interval))
    except KeyboardInterrupt:
        return 0
    return 0


async def _again_and_again(console: Console, directory: Path, environment: str | None, interval: float) -> None:
    while True:
        try:
            report = await _status(directory, environment)
        except (PlatformError, ReaderError) as error:  # manifests are edited meanwhile, and servers come back
            _clear(console)
            fail(error)
        else:
            _clear(console)
            _show(console, report, status_json, show_status, found=bool(report.statuses or report.syncs))
        console.say("")
        await asyncio.sleep(interval)


def _clear(console: Console) -> None:
    if console.on_terminal:
        click.clear()


def _show_history(console: Console, directory: Path, environment: str | None) -> int:
    name, applies = run_to_end(_history(directory, environment))
    if console.as_json:
        console.document(history_json(name, applies))
    else:
        console.say(show_history(name, applies, console.colour))
    return 0


def _show(
    console: Console,
    report: ReportT,
    document: Callable[[ReportT], Any],
    text: Callable[[ReportT, bool], str],
    *,
    found: bool,
) -> int:
    """What was `found` is shown beside the problems; without it they are all that there is to say."""
    if console.as_json:
        console.document(document(report))
    elif found or not report.problems:
        console.say(text(report, console.colour))
    if report.problems:
        console.warn(show_problems(report.problems, colour=False))
    return report.exit_code


async def _strays(directory: Path, environment: str | None) -> StraysReport:
    found = wiring.workspace_to_fill(directory, environment, directory)
    async with connect(found, PREFECT) as connection:
        return await connection.strays()


async def _history(directory: Path, environment: str | None) -> tuple[str, tuple[Applied, ...]]:
    found = wiring.workspace_to_fill(directory, environment, directory)
    async with connect(found, PREFECT) as connection:
        return found.environment.name, await connection.history()


async def _status(directory: Path, environment: str | None, fetch: bool = False) -> StatusReport:
    async with connect(wiring.workspace(directory, environment)) as connection:
        return await connection.status(fetch=fetch)
