"""`pfa-gitops init`: start a project with the quickstart's files, complete and ready to plan."""

import re
from pathlib import Path

import click

from pfa_gitops.cli.console import Console
from pfa_gitops.cli.schema import write
from pfa_gitops.demo import quickstart

_SCHEMA_LINE = re.compile(r"(?<=\$schema=)\S*/(?=\w+\.json)")
_SCHEMAS = "schemas"


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), default=Path())
def init(folder: Path) -> None:
    """Start a project in FOLDER: the quickstart's manifests and flow, and the schemas that editors check them by."""
    quickstart.require_empty(folder)
    quickstart.copy(folder)
    write(folder / _SCHEMAS)
    for file in sorted(folder.rglob("*.yaml")):
        file.write_text(_SCHEMA_LINE.sub(_way_to_schemas(folder, file), file.read_text(), count=1))
    (folder / ".gitignore").write_text(".pfa-gitops/\n__pycache__/\n")
    Console().say(f"A project is in {folder}. Next: `pfa-gitops validate -C {folder}`, then read its pfa-gitops.yaml.")


def _way_to_schemas(folder: Path, file: Path) -> str:
    """The relative way from a file's folder to the schemas."""
    return "../" * (len(file.relative_to(folder).parts) - 1) + f"{_SCHEMAS}/"
