"""`pfa-gitops drift`: show what was changed behind the manifests' back. Writes nothing."""

from pathlib import Path

import click

from pfa_gitops import wiring
from pfa_gitops.cli import options
from pfa_gitops.cli.console import Console
from pfa_gitops.cli.run_to_end import run_to_end
from pfa_gitops.model.drift import DriftReport
from pfa_gitops.views.drift import drift_json, show_drift
from pfa_gitops.wiring.connection import connect

DRIFTED = 2


@click.command()
@options.shared()
def drift(directory: Path, environment: str | None, output: str, quiet: bool) -> int:
    """Compare what is live with what was last applied. Exits with 2 where something was changed or deleted since.

    What the manifests say now plays no part: `plan` shows that.
    """
    console = Console(output, quiet)
    report = run_to_end(_drift(directory, environment))
    if console.as_json:
        console.document(drift_json(report))
    else:
        console.say(show_drift(report, console.colour))
    return DRIFTED if report.drifts else 0


async def _drift(directory: Path, environment: str | None) -> DriftReport:
    async with connect(wiring.workspace(directory, environment)) as connection:
        return await connection.drift()
