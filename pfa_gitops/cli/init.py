"""`pfa-gitops init`: start a project, with the quickstart's files or with manifests of what is live."""

import json
import re
import sys
from importlib.metadata import version
from pathlib import Path

import click

from pfa_gitops import wiring
from pfa_gitops.cli.console import Console
from pfa_gitops.cli.schema import write
from pfa_gitops.convert.values import manifest_name
from pfa_gitops.demo import quickstart
from pfa_gitops.manifests.load import PROJECT_FILE
from pfa_gitops.manifests.project import DEFAULT_ENVIRONMENT
from pfa_gitops.model.errors import ReaderError
from pfa_gitops.views.github_workflows import CREDENTIALS, DEFAULT_BRANCH, github_workflows
from pfa_gitops.views.values import printable

_SCHEMA_LINE = re.compile(r"(?<=\$schema=)\S*/(?=\w+\.json)")
_SCHEMAS = "schemas"
_PROJECT_NAME = re.compile(r"^metadata: \{name: .*\}$", re.MULTILINE)
_ENVIRONMENT = "prod"
_VARIABLES = ("PROD_PREFECT_API_URL",)
_SECRETS = ("PROD_PREFECT_API_KEY", "PROD_AWS_ACCESS_KEY_ID", "PROD_AWS_SECRET_ACCESS_KEY")
"""What the quickstart's manifests read in its prod environment."""
BESIDE = (".git", ".gitignore", ".gitattributes", ".github", ".editorconfig", "README*", "LICENSE*", "CODEOWNERS")
"""What a new repository may have."""
_IGNORED = ".pfa-gitops/\n__pycache__/\n"


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), default=Path())
@click.option("--name", help="The project's name, which marks what is its own. Default: the folder's.")
@click.option("--from-live", is_flag=True, help="With manifests of all that is live and no other project's.")
@click.option("--github/--no-github", default=None, help="Write workflows for GitHub Actions. Default: yes.")
def init(folder: Path, *, name: str | None, from_live: bool, github: bool | None) -> None:
    """Start a project in FOLDER, which is empty: manifests, a flow, workflows, and the schemas that editors check by.

    What a new repository has may be there, and stays as it is. Workflows go where GitHub reads them, to the root of the
    repository that FOLDER is in. On a terminal it asks for what no option says. With --from-live the objects that exist
    are written down, and the first apply takes them over without writing to them.
    """
    quickstart.require_empty(folder, BESIDE)
    before = set(folder.rglob("*.yaml"))
    chosen = manifest_name(name or _asked("The project's name", folder.resolve().name))
    with_github = github if github is not None else _agreed("Write workflows for GitHub Actions?")
    if from_live:
        _write_live(folder, chosen)
    else:
        quickstart.copy(folder)
        _rename(folder / PROJECT_FILE, chosen)
    write(folder / _SCHEMAS)
    for file in sorted(set(folder.rglob("*.yaml")) - before):
        file.write_text(_SCHEMA_LINE.sub(_way_to_schemas(folder, file), file.read_text(), count=1))
    _write_new(folder / ".gitignore", _IGNORED, f"it should have: {' '.join(_IGNORED.split())}")
    if with_github:
        _write_workflows(folder, from_live)
    Console().say(
        f"The project {printable(chosen)} is in {folder}. "
        f"Next: `pfa-gitops validate -C {folder}`, then read its pfa-gitops.yaml."
    )


def _write_live(folder: Path, name: str) -> None:
    """Manifests of what is live, which the first apply adopts."""
    from pfa_gitops.cli.export import export_all  # noqa: PLC0415 - brings what asks servers

    if not export_all(folder, name):
        raise ReaderError("nothing is live that a manifest could say", "leave --from-live out")


def _write_workflows(folder: Path, from_live: bool) -> None:
    asked = ([DEFAULT_ENVIRONMENT], (), ()) if from_live else ([_ENVIRONMENT], _VARIABLES, _SECRETS)
    environments, variables, secrets = asked
    root, branch = wiring.repository(folder)
    below = str(folder.resolve().relative_to(root.resolve()))
    place = "" if below == "." else below
    texts = github_workflows(
        environments,
        version("pfa-gitops"),
        variables,
        secrets,
        branch=branch or DEFAULT_BRANCH,
        folder=place,
    )
    settings = ", ".join(("PREFECT_API_URL", *variables, *CREDENTIALS, *secrets))
    Console().say(f"In the workflows, name pfa-gitops' repository and a commit of it; GitHub needs: {settings}.")
    for name, text in texts.items():
        _write_new(root / name, text, f"it has to name the project: {place or '.'}")


def _write_new(file: Path, text: str, otherwise: str) -> None:
    """Write a file, or say of one that is there what it needs: it is not ours to change."""
    if file.exists():
        Console().warn(f"note: {printable(str(file))} is there already, and stays as it is; {otherwise}")
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def _rename(project: Path, name: str) -> None:
    written = name if re.fullmatch(r"[A-Za-z][\w.-]*", name) else json.dumps(name)
    text = project.read_text()
    project.write_text(_PROJECT_NAME.sub(f"metadata: {{name: {written}}}", text, count=1))


def _asked(question: str, default: str) -> str:
    return str(click.prompt(question, default=default, err=True)) if sys.stdin.isatty() else default


def _agreed(question: str) -> bool:
    return click.confirm(question, default=True, err=True) if sys.stdin.isatty() else True


def _way_to_schemas(folder: Path, file: Path) -> str:
    """The relative way from a file's folder to the schemas."""
    return "../" * (len(file.relative_to(folder).parts) - 1) + f"{_SCHEMAS}/"
