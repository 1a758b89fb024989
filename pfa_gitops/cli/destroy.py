"""`pfa-gitops destroy`: delete everything that is the project's in one environment."""

from pathlib import Path

import click

from pfa_gitops import wiring
from pfa_gitops.cli import options
from pfa_gitops.cli.carry_out import Consent, Patience, carry_out
from pfa_gitops.cli.console import Console
from pfa_gitops.cli.run_to_end import run_to_end
from pfa_gitops.wiring.connection import Connection


@click.command()
@options.writing
@options.shared()
def destroy(
    *,
    auto_approve: bool,
    wait_timeout: float,
    lock_timeout: float,
    directory: Path,
    environment: str | None,
    output: str,
    quiet: bool,
) -> int:
    """Delete all objects of this project in one environment, and nothing else. Asks for the environment's name."""
    console, found = Console(output, quiet), wiring.workspace(directory, environment)
    question = f"Delete all of this in {found.environment.name}?"
    consent = Consent("destroy", question, found.environment.name, auto_approve, ignore_limits=True)
    return run_to_end(carry_out(console, found, consent, Connection.plan_destroy, Patience(lock_timeout, wait_timeout)))
