"""`pfa-gitops plan`: show what apply would change. Writes nothing but the file that it is asked for."""

import json
from pathlib import Path

import click

from pfa_gitops import wiring
from pfa_gitops.cli import options
from pfa_gitops.cli.carry_out import read_saved_plan
from pfa_gitops.cli.console import Console
from pfa_gitops.cli.reports import PLAN_FILES, clear_files, plan_text, write_file
from pfa_gitops.cli.run_to_end import run_to_end
from pfa_gitops.model.errors import ReaderError
from pfa_gitops.model.receipts import SavedPlan, to_json
from pfa_gitops.model.values import Plan
from pfa_gitops.views.terminal import show_plan
from pfa_gitops.views.values import printable
from pfa_gitops.wiring.connection import connect

DENIED = 1
CHANGES = 2


@click.command()
@click.option("--detailed-exitcode", is_flag=True, help="Exit with 2 where there are changes.")
@click.option(
    "-o",
    "--output",
    "file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Save the plan, for `apply FILE`. The file holds no values, and no secrets.",
)
@options.reports("the plan", *PLAN_FILES)
@options.bounded
@options.shared("text", "json", "markdown", "html")
def plan(
    *,
    detailed_exitcode: bool,
    file: Path | None,
    reports: tuple[Path, ...],
    most_characters: int,
    more_at: str,
    directory: Path,
    environment: str | None,
    output: str,
    quiet: bool,
) -> int:
    """Compare the manifests with what is live and show what apply would change. Writes nothing."""
    console = Console(output, quiet)
    if file is not None:
        _check_not_in_the_way(file)
    clear_files(reports, PLAN_FILES, file)
    if file is not None:
        file.unlink(missing_ok=True)  # a plan that fails leaves none to be applied
    found, saved = run_to_end(_plan(directory, environment))
    if console.as_document:
        console.say(plan_text(found, saved.project, output, most_characters, more_at))
    else:
        console.say(show_plan(found, console.colour))
    for report in reports:
        write_file(report, plan_text(found, saved.project, PLAN_FILES[report.suffix]))
    if file is not None:
        file.write_text(json.dumps(to_json(saved), indent=2) + "\n")
        console.progress(f"saved; carry it out with: pfa-gitops apply {file}")
    for denial in found.denials:
        about = f" ({denial.address})" if denial.address else ""
        console.warn(f"denied by the policy {printable(denial.policy)}: {printable(denial.message)}{printable(about)}")
    if found.denials:
        return DENIED
    return CHANGES if detailed_exitcode and not found.is_empty else 0


def _check_not_in_the_way(file: Path) -> None:
    """Only an older saved plan is overwritten. Raises ReaderError for anything else that has something in it."""
    if file.exists() and file.stat().st_size:
        try:
            read_saved_plan(file)
        except ReaderError:
            raise ReaderError(f"{file} exists, and is no saved plan", "give another --output") from None


async def _plan(directory: Path, environment: str | None) -> tuple[Plan, SavedPlan]:
    async with connect(wiring.workspace(directory, environment)) as connection:
        planned = await connection.plan()
        return planned.plan, connection.saved(planned)
