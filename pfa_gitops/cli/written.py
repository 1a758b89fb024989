"""Writes the manifests that `convert` and `export` make: nothing at all where a file is in the way."""

from collections.abc import Sequence
from pathlib import Path

from pfa_gitops.convert.convert import files
from pfa_gitops.convert.emit import document_text
from pfa_gitops.convert.values import Conversion
from pfa_gitops.manifests.load import PROJECT_FILE
from pfa_gitops.model.errors import ReaderError


def write_files(done: Conversion, folder: Path, force: bool) -> list[str]:
    """Write the files; none of them where another one stands in a place. A project that is there stays.

    Returns their names.
    """
    texts = {name: document_text(document) for name, document in files(done).items()}
    if (folder / PROJECT_FILE).exists():
        del texts[PROJECT_FILE]
    there = [name for name, text in texts.items() if _differs(folder / name, text)]
    if there and not force:
        more = f" and {len(there) - 1} more" if len(there) > 1 else ""
        raise ReaderError(f"{folder / there[0]}{more} exists already", "give another --output, or --force to overwrite")
    if outside := [name for name in texts if not (folder / name).resolve().is_relative_to(folder.resolve())]:
        raise ReaderError(f"{folder / outside[0]} leads out of {folder} by a link", "give another --output")
    for name, text in texts.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, "utf-8")
    return list(texts)


def _differs(file: Path, text: str) -> bool:
    """Whether something else stands there."""
    return file.exists() and file.read_bytes() != text.encode()


def project_note(done: Conversion, written: list[str]) -> str:
    """What a project that is there already must say for the new manifests."""
    needs = done.project.get("spec")
    if PROJECT_FILE in written or not written or not needs:
        return ""
    return f"{PROJECT_FILE} stays as it is; these manifests need in its spec:\n{document_text(needs).rstrip()}"


def unread_note(folder: Path, patterns: Sequence[str], written: Sequence[str]) -> str:
    """What a project must say so that it reads the new manifests."""
    matching = {file for pattern in patterns for file in folder.glob(pattern)}
    unread = [name for name in written if name != PROJECT_FILE and folder / name not in matching]
    if not unread:
        return ""
    return f"{PROJECT_FILE} does not read {unread[0]}: add `manifests/**/*.yaml` to its spec.manifests"
