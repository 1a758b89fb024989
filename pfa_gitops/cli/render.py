"""`pfa-gitops render`: print what the manifests say once templates and overrides are done."""

from pathlib import Path

import click

from pfa_gitops import wiring
from pfa_gitops.cli import complete, options
from pfa_gitops.cli.console import Console
from pfa_gitops.model.errors import ReaderError
from pfa_gitops.views.json import manifests_json
from pfa_gitops.views.yaml import show_documents


@click.command()
@click.argument("addresses", nargs=-1, metavar="[KIND/NAME]...", shell_complete=complete.objects)
@options.shared("text", "json")
def render(addresses: tuple[str, ...], directory: Path, environment: str | None, output: str, quiet: bool) -> None:
    """Print the manifests, all or the named ones, as they stand after templates and overrides."""
    console = Console(output, quiet)
    manifests = wiring.workspace(directory, environment).manifests
    known = {str(manifest.address) for manifest in manifests}
    if unknown := sorted(set(addresses) - known):
        raise ReaderError(f"no manifest {unknown[0]}", "`pfa-gitops render --format json` lists all of them")
    chosen = [manifest for manifest in manifests if not addresses or str(manifest.address) in addresses]
    documents = manifests_json(chosen)
    if console.as_json:
        console.document(documents)
    else:
        console.say(show_documents(documents))
