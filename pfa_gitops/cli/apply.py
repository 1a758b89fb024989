"""`pfa-gitops apply`: plan, ask, write, tell how each change ended."""

import asyncio
from pathlib import Path

import click

from pfa_gitops import wiring
from pfa_gitops.cli import options
from pfa_gitops.cli.carry_out import Consent, Patience, carry_out
from pfa_gitops.cli.console import Console


@click.command()
@options.writing
@click.option("--ignore-limits", is_flag=True, help="Do more than the environment's limits allow.")
@options.shared()
def apply(
    *,
    auto_approve: bool,
    wait_timeout: float,
    lock_timeout: float,
    ignore_limits: bool,
    directory: Path,
    environment: str | None,
    output: str,
    quiet: bool,
) -> int:
    """Make what is live what the manifests say. Shows the plan and asks first; a second apply has nothing to do.

    What left the manifests is deleted; objects that are not this project's are not touched.
    """
    console, found = Console(output, quiet), wiring.workspace(directory, environment)
    word = found.environment.name if found.environment.spec.protected else "yes"
    consent = Consent("apply", "Apply this plan?", word, auto_approve, ignore_limits)
    return asyncio.run(carry_out(console, found, consent, wiring.Connection.plan, Patience(lock_timeout, wait_timeout)))
