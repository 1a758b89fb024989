"""`pfa-gitops export`: make manifests of what is live. Writes files only."""

import sys
from dataclasses import replace
from pathlib import Path

import click

from pfa_gitops import wiring
from pfa_gitops.cli import options
from pfa_gitops.cli.console import Console
from pfa_gitops.cli.run_to_end import run_to_end
from pfa_gitops.cli.written import project_note, unread_note, write_files
from pfa_gitops.convert.convert import files
from pfa_gitops.convert.emit import stream_text
from pfa_gitops.convert.values import Conversion
from pfa_gitops.manifests.load import PROJECT_FILE
from pfa_gitops.manifests.pipeline import Workspace
from pfa_gitops.model.closest import did_you_mean
from pfa_gitops.model.errors import ReaderError
from pfa_gitops.model.places import Address, address
from pfa_gitops.views.conversion import EXPORT_FORMAT, conversion_json, show_remarks
from pfa_gitops.wiring.connection import PREFECT, connect

STDOUT = "-"


@click.command()
@click.argument("addresses", nargs=-1, metavar="[KIND/NAME]...")
@click.option("--all", "everything", is_flag=True, help="All objects that are no other project's.")
@click.option("-o", "--output", "folder", type=click.Path(), help="Write files to this folder; `-` is standard output.")
@click.option("--adopt", is_flag=True, help="Write `adopt: true`, so that the next apply takes the objects over.")
@click.option("--force", is_flag=True, help="Overwrite files that exist.")
@options.shared()
def export(
    *,
    addresses: tuple[str, ...],
    everything: bool,
    folder: str | None,
    adopt: bool,
    force: bool,
    directory: Path,
    environment: str | None,
    output: str,
    quiet: bool,
) -> int:
    """Make manifests of live objects, by their names on the platform, e.g. `Deployment/etl/nightly` or `Block/*`.

    They say what the platforms say, without defaults and without secrets: the next plan has nothing to change.
    """
    if everything == bool(addresses):
        raise ReaderError("say which objects are exported", "name them as KIND/NAME, or give --all")
    console = Console(output, quiet)
    root = None if folder in {None, STDOUT} else Path(str(folder))
    wanted = None if everything else [_address(text) for text in addresses]
    found = _project(directory, environment, root)
    done = _adopted(run_to_end(_export(found, root or found.root, wanted)), adopt)
    written = write_files(done, root, force) if root and done.manifests else []
    _show(console, done, root, written)
    if root and (note := unread_note(root, found.project.spec.manifests, written)):
        console.warn(note)
    return 0 if done.manifests or everything else ReaderError.exit_code


def export_all(root: Path, project: str) -> list[str]:
    """Write a new project at `root` of all objects that are no other one's, to be adopted. Returns the files' names."""
    done = _adopted(run_to_end(_export(_project(root, None, root), root, None)), adopt=True)
    if done.remarks:
        Console().warn(show_remarks(done.remarks, wiring.colour_wanted(sys.stderr), "Not exported"))
    head = {**done.project, "metadata": {**done.project["metadata"], "name": project}}
    return write_files(replace(done, project=head), root, force=False) if done.manifests else []


def _show(console: Console, done: Conversion, root: Path | None, written: list[str]) -> None:
    if console.as_json:
        documents = [one.document for one in done.manifests]
        console.document(conversion_json(documents, done.project, done.remarks, written, EXPORT_FORMAT))
    elif root is None and done.manifests:
        console.say(stream_text(files(done).values()).rstrip())
    if done.remarks:
        console.warn(show_remarks(done.remarks, wiring.colour_wanted(sys.stderr), "Not exported"))
    if note := project_note(done, written):
        console.warn(note)
    if not done.manifests:
        console.warn("Nothing is exported.")
    elif root and not console.as_json:
        console.say(f"{len(written)} files are in {root}. Next: `pfa-gitops import --all -C {root}`, then plan.")


def _address(text: str) -> Address:
    if not (found := address(text)).name:
        raise ReaderError(f"`{text}` is no address", "write it as KIND/NAME, e.g. Deployment/nightly")
    if found.kind not in (known := wiring.known_kinds()):
        raise ReaderError(
            f"there is no kind {found.kind}", did_you_mean(found.kind, known, f"known are {', '.join(known)}")
        )
    return found


def _adopted(done: Conversion, adopt: bool) -> Conversion:
    return replace(done, manifests=tuple(replace(one, adopt=adopt) for one in done.manifests))


def _project(directory: Path, environment: str | None, root: Path | None) -> Workspace:
    """The project at `root` says where to look, where there is one; else the one in `directory`."""
    own = root is not None and (root / PROJECT_FILE).is_file()
    place = root if root is not None and own else directory
    return wiring.workspace_to_fill(place, environment, root or directory)


async def _export(found: Workspace, root: Path, wanted: list[Address] | None) -> Conversion:
    async with connect(found, PREFECT) as connection:
        return await connection.export(wanted, root)
