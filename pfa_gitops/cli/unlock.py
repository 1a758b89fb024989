"""`pfa-gitops unlock`: take the lock from a holder that is gone."""

from pathlib import Path

import click

from pfa_gitops import wiring
from pfa_gitops.cli import options
from pfa_gitops.cli.console import Console
from pfa_gitops.cli.run_to_end import run_to_end
from pfa_gitops.model.holder import Holder
from pfa_gitops.wiring.connection import PREFECT, connect


@click.command()
@options.shared()
def unlock(directory: Path, environment: str | None, output: str, quiet: bool) -> int:
    """Take the lock from whoever holds it. An apply that still runs there stops at its next write or soon after."""
    console = Console(output, quiet)
    holder = run_to_end(_unlock(directory, environment))
    if console.as_json:
        console.document({"holder": None if holder is None else str(holder)})
    else:
        console.say("nobody held the lock" if holder is None else f"the lock was taken from {holder}")
    return 0


async def _unlock(directory: Path, environment: str | None) -> Holder | None:
    async with connect(wiring.workspace(directory, environment), PREFECT) as connection:
        return await connection.unlock()
