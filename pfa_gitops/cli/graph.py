"""`pfa-gitops graph`: the objects of the manifests and what refers to what, as a picture. Asks no server."""

from collections.abc import Callable, Mapping
from pathlib import Path

import click

from pfa_gitops import wiring
from pfa_gitops.cli import complete, options
from pfa_gitops.cli.console import Console
from pfa_gitops.cli.in_the_way import check_own
from pfa_gitops.model.errors import ReaderError
from pfa_gitops.model.places import address
from pfa_gitops.views.dot import dot
from pfa_gitops.views.graph import Graph, around, manifests_graph
from pfa_gitops.views.mermaid import GITHUB_EDGES, mermaid


def _svg(found: Graph) -> str:
    from pfa_gitops.views.html import page_file  # noqa: PLC0415 - other forms need no style
    from pfa_gitops.views.svg import svg  # noqa: PLC0415 - the same

    return svg(found, page_file("graph.css"))


FORMS: Mapping[str, Callable[[Graph], str]] = {"mermaid": mermaid, "dot": dot, "svg": _svg}
SIGNS = ("flowchart LR", "digraph {", 'role="group" class="graph"')
"""What a graph has near its beginning, in any of the forms."""


@click.command()
@click.argument("addresses", nargs=-1, metavar="[KIND/NAME]...", shell_complete=complete.objects)
@click.option(
    "-o", "--output", "file", type=click.Path(path_type=Path, dir_okay=False), help="Write it to this file instead."
)
@options.shared(*FORMS)
def graph(
    *, addresses: tuple[str, ...], file: Path | None, directory: Path, environment: str | None, output: str, quiet: bool
) -> None:
    """Draw the objects of the manifests, and what refers to what, as Mermaid, DOT or SVG.

    With KIND/NAME, only these objects, all that they refer to and all that refers to them. Asks no server.
    """
    console = Console(output, quiet)
    if file is not None:
        check_own(file, SIGNS, "give another --output")
    found = manifests_graph(wiring.workspace(directory, environment).manifests)
    if unknown := sorted(set(addresses) - {str(node.address) for node in found.nodes}):
        raise ReaderError(f"no manifest {unknown[0]}", "`pfa-gitops render --format json` lists all of them")
    found = around(found, [address(text) for text in addresses]) if addresses else found
    if output == "mermaid" and len(found.edges) > GITHUB_EDGES:
        console.warn(
            f"note: GitHub draws no graph of more than {GITHUB_EDGES} references; name some objects, or use svg"
        )
    text = FORMS[output](found)
    if file is None:
        console.say(text)
        return
    file.write_text(f"{text}\n", "utf-8")
    console.progress(f"{len(found.nodes)} objects and {len(found.edges)} references are in {file}")
