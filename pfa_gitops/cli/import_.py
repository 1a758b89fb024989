"""`pfa-gitops import`: make existing objects this project's. Changes nothing on a platform but the inventory."""

from pathlib import Path

import click

from pfa_gitops import wiring
from pfa_gitops.cli import complete, options
from pfa_gitops.cli.console import Console
from pfa_gitops.cli.run_to_end import run_to_end
from pfa_gitops.engine.planning import Planned
from pfa_gitops.manifests.pipeline import Workspace
from pfa_gitops.model.errors import ReaderError
from pfa_gitops.model.places import Address, address
from pfa_gitops.views.values import printable
from pfa_gitops.wiring.connection import connect


@click.command("import")
@click.argument("addresses", nargs=-1, metavar="[KIND/NAME]...", shell_complete=complete.objects)
@click.option("--all", "everything", is_flag=True, help="All objects of the manifests that exist.")
@options.lock_timeout
@options.shared()
def import_(
    *,
    addresses: tuple[str, ...],
    everything: bool,
    lock_timeout: float,
    directory: Path,
    environment: str | None,
    output: str,
    quiet: bool,
) -> int:
    """Make objects that exist already this project's, by the names of their manifests, e.g. `Deployment/nightly`.

    Nothing is written to them: the next plan shows what apply would change.
    """
    if everything == bool(addresses):
        raise ReaderError("say which objects become this project's", "name them as KIND/NAME, or give --all")
    console, found = Console(output, quiet), wiring.workspace(directory, environment)
    wanted = None if everything else [_address(text) for text in addresses]
    planned = run_to_end(_import(console, found, wanted, lock_timeout))
    taken = [str(change.address) for change in planned.plan.changes]
    if console.as_json:
        console.document({"imported": taken})
    else:
        told = [f"  {printable(address)} is ours now" for address in taken]
        console.say("\n".join([*told, f"Imported {len(taken)} objects."]))
    return 0


def _address(text: str) -> Address:
    if not (found := address(text)).name:
        raise ReaderError(f"`{text}` is no address", "write it as KIND/NAME, e.g. Deployment/nightly")
    return found


async def _import(console: Console, found: Workspace, wanted: list[Address] | None, lock_timeout: float) -> Planned:
    async with (
        connect(found) as connection,
        connection.locked("import", lock_timeout, console.warn) as writer,
    ):
        planned = await connection.plan_import(wanted)
        await writer.record(planned).take()
        return planned
