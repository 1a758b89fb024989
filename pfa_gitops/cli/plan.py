"""`pfa-gitops plan`: show what apply would change. Writes nothing."""

import asyncio
from pathlib import Path

import click

from pfa_gitops import wiring
from pfa_gitops.cli import options
from pfa_gitops.cli.console import Console
from pfa_gitops.engine.planning import Planned
from pfa_gitops.views.json import plan_json
from pfa_gitops.views.terminal import show_plan

CHANGES = 2


@click.command()
@click.option("--detailed-exitcode", is_flag=True, help="Exit with 2 where there are changes.")
@options.shared()
def plan(detailed_exitcode: bool, directory: Path, environment: str | None, output: str, quiet: bool) -> int:
    """Compare the manifests with what is live and show what apply would change. Writes nothing."""
    console = Console(output, quiet)
    planned = asyncio.run(_plan(directory, environment))
    if console.as_json:
        console.document(plan_json(planned.plan))
    else:
        console.say(show_plan(planned.plan, console.colour))
    return CHANGES if detailed_exitcode and planned.plan.pending else 0


async def _plan(directory: Path, environment: str | None) -> Planned:
    async with wiring.connect(wiring.workspace(directory, environment)) as connection:
        return await connection.plan()
