"""`pfa-gitops convert`: make manifests of what other tools' files say."""

import sys
from pathlib import Path

import click

from pfa_gitops import wiring
from pfa_gitops.cli import options
from pfa_gitops.cli.console import Console
from pfa_gitops.cli.written import project_note, write_files
from pfa_gitops.convert.convert import Reader, files
from pfa_gitops.convert.convert import convert as convert_text
from pfa_gitops.convert.emit import stream_text
from pfa_gitops.convert.prefect_yaml import convert_prefect_yaml
from pfa_gitops.convert.python import python_reader
from pfa_gitops.convert.service import service_reader
from pfa_gitops.manifests.load import MAX_BYTES
from pfa_gitops.model.errors import ReaderError
from pfa_gitops.views.conversion import conversion_json, show_remarks

FILE = click.Path(path_type=Path, exists=True, dir_okay=False)
PREFECT_YAML = Path("prefect.yaml")


@click.command()
@click.argument("file", type=FILE, required=False)
@click.option(
    "--service",
    type=FILE,
    help="An Anyscale service's configuration; that of a prefect-anyscale agent becomes an Agent.",
)
@click.option("--python", type=FILE, help="A Prefect 2 script with Deployment.build_from_flow or AnyscaleJob. Not run.")
@click.option("-o", "--output", "folder", type=click.Path(path_type=Path, file_okay=False), help="Write files here.")
@click.option("--force", is_flag=True, help="Overwrite files that exist.")
@click.option(
    "--work-pool", default="anyscale", show_default=True, help="The pool that takes a Prefect 2 agent's place."
)
@options.output_format("text", "json")
@options.quiet
def convert(
    *,
    file: Path | None,
    service: Path | None,
    python: Path | None,
    folder: Path | None,
    force: bool,
    work_pool: str,
    output: str,
    quiet: bool,
) -> int:
    """Make manifests of FILE, a prefect.yaml (the default), and say what cannot be carried over."""
    console = Console(output, quiet)
    source, reader = _source(file, service, python, work_pool)
    done = convert_text(_read(source), source, folder or source.parent, wiring.known_kinds(), reader)
    written = write_files(done, folder, force) if folder and done.manifests else []
    if console.as_json:
        console.document(conversion_json([one.document for one in done.manifests], done.project, done.remarks, written))
    elif not folder and done.manifests:
        console.say(stream_text(files(done).values()).rstrip())
    if done.remarks:
        console.warn(show_remarks(done.remarks, wiring.colour_wanted(sys.stderr)))
    if note := project_note(done, written):
        console.warn(note)
    if folder and done.manifests and not console.as_json:
        count = "1 file is" if len(written) == 1 else f"{len(written)} files are"
        console.say(f"{count} in {folder}. Next: `pfa-gitops validate -C {folder}`.")
    return 0 if done.manifests else ReaderError.exit_code


def _source(file: Path | None, service: Path | None, python: Path | None, work_pool: str) -> tuple[Path, Reader]:
    """The one file to convert, and what reads it."""
    if [file, service, python].count(None) < 2:  # noqa: PLR2004 - one is given, or none
        raise ReaderError("more than one file is given", "convert one file at a time")
    if service is not None:
        return service, service_reader(work_pool)
    if python is not None:
        return python, python_reader(work_pool)
    if file is None and not PREFECT_YAML.is_file():
        raise ReaderError(f"there is no {PREFECT_YAML} here", "name a file, or give --service or --python")
    if file is not None and file.suffix == ".py":
        raise ReaderError(f"{file} is a Python script", f"give it as --python {file}")
    return file or PREFECT_YAML, convert_prefect_yaml


def _read(file: Path) -> str:
    """The text of a file. Raises ReaderError."""
    if file.stat().st_size > MAX_BYTES:
        raise ReaderError(f"{file} is larger than {MAX_BYTES // 1_000_000} MB", "split it")
    try:
        return file.read_text("utf-8-sig")
    except UnicodeDecodeError:
        raise ReaderError(f"{file} is not UTF-8", "save it as UTF-8") from None
