"""`pfa-gitops init`: start a project with the quickstart's files, complete and ready to plan."""

import re
from importlib.metadata import version
from pathlib import Path

import click

from pfa_gitops.cli.console import Console
from pfa_gitops.cli.schema import write
from pfa_gitops.demo import quickstart
from pfa_gitops.views.github_workflows import github_workflows

_SCHEMA_LINE = re.compile(r"(?<=\$schema=)\S*/(?=\w+\.json)")
_SCHEMAS = "schemas"
_ENVIRONMENT = "prod"
_VARIABLES = ("PROD_PREFECT_API_URL",)
_SECRETS = ("PROD_PREFECT_API_KEY", "PROD_AWS_ACCESS_KEY_ID", "PROD_AWS_SECRET_ACCESS_KEY")
"""What the quickstart's manifests read in its prod environment."""


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), default=Path())
def init(folder: Path) -> None:
    """Start a project in FOLDER: the quickstart's manifests and flow, their schemas, and workflows for GitHub."""
    quickstart.require_empty(folder)
    quickstart.copy(folder)
    write(folder / _SCHEMAS)
    for file in sorted(folder.rglob("*.yaml")):
        file.write_text(_SCHEMA_LINE.sub(_way_to_schemas(folder, file), file.read_text(), count=1))
    for name, text in github_workflows([_ENVIRONMENT], version("pfa-gitops"), _VARIABLES, _SECRETS).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    (folder / ".gitignore").write_text(".pfa-gitops/\n__pycache__/\n")
    Console().say(f"A project is in {folder}. Next: `pfa-gitops validate -C {folder}`, then read its pfa-gitops.yaml.")


def _way_to_schemas(folder: Path, file: Path) -> str:
    """The relative way from a file's folder to the schemas."""
    return "../" * (len(file.relative_to(folder).parts) - 1) + f"{_SCHEMAS}/"
