"""`pfa-gitops apply`: plan, ask, write, tell how each change ended."""

from pathlib import Path

import click

from pfa_gitops import wiring
from pfa_gitops.cli import options
from pfa_gitops.cli.carry_out import Consent, Patience, carry_out, read_saved_plan
from pfa_gitops.cli.console import Console
from pfa_gitops.cli.reports import OUTCOME_FILES, clear_files
from pfa_gitops.cli.run_to_end import run_to_end
from pfa_gitops.wiring.connection import Connection


@click.command()
@click.argument("file", required=False, type=click.Path(path_type=Path, dir_okay=False, exists=True))
@click.option("--replan", is_flag=True, help="With FILE: also do what has changed since, as a new plan shows it.")
@options.writing
@click.option("--ignore-limits", is_flag=True, help="Do more than the environment's limits allow.")
@options.reports("what became of it", *OUTCOME_FILES)
@options.bounded
@options.shared("text", "json", "markdown")
def apply(
    *,
    file: Path | None,
    replan: bool,
    auto_approve: bool,
    wait_timeout: float,
    lock_timeout: float,
    ignore_limits: bool,
    reports: tuple[Path, ...],
    most_characters: int,
    more_at: str,
    directory: Path,
    environment: str | None,
    output: str,
    quiet: bool,
) -> int:
    """Make what is live what the manifests say. Shows the plan and asks first; a second apply has nothing to do.

    What left the manifests is deleted; objects that are not this project's are not touched. With FILE, a plan that
    `plan --output` saved, it does what that plan shows and nothing else, and does not ask.
    """
    clear_files(reports, OUTCOME_FILES, file)
    saved = None if file is None else read_saved_plan(file)
    console = Console(output, quiet, reports, most_characters, more_at)
    found = wiring.workspace(directory, environment)
    word = found.environment.name if found.environment.spec.protected else "yes"
    consent = Consent("apply", "Apply this plan?", word, auto_approve, ignore_limits, saved, replan)
    return run_to_end(carry_out(console, found, consent, Connection.plan, Patience(lock_timeout, wait_timeout)))
