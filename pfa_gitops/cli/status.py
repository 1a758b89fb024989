"""`pfa-gitops status`: show how pools, agents and deployments do right now. Writes nothing."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from pfa_gitops import wiring
from pfa_gitops.cli import options
from pfa_gitops.cli.console import Console
from pfa_gitops.cli.run_to_end import run_to_end
from pfa_gitops.model.status import StatusReport
from pfa_gitops.model.unmanaged import StraysReport
from pfa_gitops.views.problems import show_problems
from pfa_gitops.views.status import show_status, status_json
from pfa_gitops.views.unmanaged import show_strays, strays_json

ReportT = TypeVar("ReportT", StatusReport, StraysReport)


@click.command()
@click.option("--unmanaged", is_flag=True, help="List what exists on both platforms and is not this project's.")
@options.shared()
def status(*, unmanaged: bool, directory: Path, environment: str | None, output: str, quiet: bool) -> int:
    """Show pools, their workers, queues and runs, agents and deployments as they are right now. Writes nothing."""
    console = Console(output, quiet)
    if unmanaged:
        strays = run_to_end(_strays(directory, environment))
        return _show(console, strays, strays_json, show_strays, found=bool(strays.strays))
    report = run_to_end(_status(directory, environment))
    return _show(console, report, status_json, show_status, found=bool(report.statuses))


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
    async with wiring.connect(found, wiring.PREFECT) as connection:
        return await connection.strays()


async def _status(directory: Path, environment: str | None) -> StatusReport:
    async with wiring.connect(wiring.workspace(directory, environment)) as connection:
        return await connection.status()
