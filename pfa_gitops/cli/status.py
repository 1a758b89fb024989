"""`pfa-gitops status`: show how pools, agents and deployments do right now. Writes nothing."""

import asyncio
from pathlib import Path

import click

from pfa_gitops import wiring
from pfa_gitops.cli import options
from pfa_gitops.cli.console import Console
from pfa_gitops.model.status import StatusReport
from pfa_gitops.model.unmanaged import StraysReport
from pfa_gitops.views.problems import show_problems
from pfa_gitops.views.status import show_status, status_json
from pfa_gitops.views.unmanaged import show_strays, strays_json


@click.command()
@click.option("--unmanaged", is_flag=True, help="List what exists on both platforms and is not this project's.")
@options.shared()
def status(*, unmanaged: bool, directory: Path, environment: str | None, output: str, quiet: bool) -> int:
    """Show pools, their workers, queues and runs, agents and deployments as they are right now. Writes nothing."""
    console = Console(output, quiet)
    if unmanaged:
        return _show_strays(console, asyncio.run(_strays(directory, environment)))
    report = asyncio.run(_status(directory, environment))
    if console.as_json:
        console.document(status_json(report))
    elif report.statuses or not report.problems:
        console.say(show_status(report, console.colour))
    if report.problems:
        console.warn(show_problems(report.problems, colour=False))
    return report.exit_code


def _show_strays(console: Console, report: StraysReport) -> int:
    if console.as_json:
        console.document(strays_json(report))
    elif report.strays or not report.problems:
        console.say(show_strays(report, console.colour))
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
