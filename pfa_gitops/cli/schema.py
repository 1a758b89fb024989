"""`pfa-gitops schema`: the JSON Schemas, for editors and other tools."""

import json
from pathlib import Path

import click

from pfa_gitops import wiring
from pfa_gitops.cli.console import Console
from pfa_gitops.model.errors import ReaderError


@click.command()
@click.argument("kind", required=False)
@click.option("--output", type=click.Path(path_type=Path, file_okay=False), help="Write one file per schema here.")
def schema(kind: str | None, output: Path | None) -> None:
    """Print the JSON Schema of a kind, of the plan, or of all; with --output write one file each."""
    found = wiring.schemas()
    if kind is not None and kind not in found:
        raise ReaderError(f"no schema {kind}", f"choose one of {', '.join(sorted(found))}")
    if output is None:
        Console().document(found[kind] if kind else found)
    else:
        write(output, kind)


def write(folder: Path, kind: str | None = None) -> None:
    """Write the schema of `kind`, or all of them, one file each."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, value in wiring.schemas().items():
        if kind in {None, name}:
            (folder / f"{name}.json").write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n")
