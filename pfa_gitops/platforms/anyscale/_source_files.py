"""The project's own files that a manifest names: texts, requirements, and the digest of directories.

Reads below the project's directory only, and runs nothing: a plan runs on changes from strangers.
"""

import hashlib
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from pfa_gitops.platforms.bounded_files import read_bounded
from pfa_gitops.platforms.urls import parts_of

DEFAULT_EXCLUDES = (".git", ".venv", "venv", "__pycache__")
"""What the SDK leaves out of every upload [workload_sdk.py]."""
CHUNK_BYTES = 1 << 20
MAX_STARS = 3
"""`**` in one pattern of files, and `*` between two slashes of one."""
MAX_LINES = 5_000
"""Of a .gitignore."""
MAX_BYTES = 5_000_000
"""Of a text that a manifest names, and of a .gitignore."""


class Unreadable(Exception):
    """A file cannot be read. The text says which and why."""


def is_remote(place: str) -> bool:
    """Whether a directory is a URI, as the SDK tells: it has a scheme, e.g. s3:// or local:///."""
    parts = parts_of(place)
    return parts is None or bool(parts.scheme)


@contextmanager
def _readable(name: str) -> Iterator[None]:
    """Turn what the file system refuses into Unreadable. `name` is told where the refusal names no file."""
    if "\0" in name:
        raise Unreadable("the path holds a null character, which no file's name has")
    try:
        yield
    except OSError as error:
        place = error.filename or name
        raise Unreadable(f"{place} cannot be read: {error.strerror or 'input or output error'}") from None
    except RuntimeError:  # what Path.resolve raises on links that lead to each other
        raise Unreadable(f"{name} cannot be read: its links go round in a circle") from None


def below(root: Path, name: str) -> Path:
    """The path of `name` below `root`. Raises Unreadable where it leads out of it, or to nothing."""
    with _readable(name):
        base = root.resolve()
        path = (base / name).resolve()
        if not path.is_relative_to(base):
            raise Unreadable(f"{name} is outside of the project's directory")
        if not path.exists():
            raise Unreadable(f"there is no {name} in the project's directory")
    return path


def directory_below(root: Path, name: str) -> Path:
    """The path of the directory `name` below `root`. Raises Unreadable."""
    path = below(root, name)
    if not path.is_dir():
        raise Unreadable(f"{name} is no directory")
    return path


def read_text(root: Path, name: str) -> str:
    """The text of the file `name` below `root`. Raises Unreadable."""
    path = below(root, name)
    try:
        with _readable(name):
            return read_bounded(path, MAX_BYTES).decode()
    except UnicodeDecodeError:
        raise Unreadable(f"{name} cannot be read: not a text file") from None


def requirements_of(text: str) -> list[str]:
    """The requirements in a file, without comments, as the SDK reads them."""
    lines = (line.partition("#")[0].strip() for line in text.splitlines())
    return [line for line in lines if line]


def digest(root: Path, directories: Sequence[str], modules: Sequence[str], excludes: Sequence[str]) -> str:
    """One digest of directories below `root`: relative paths, contents and the right to execute.

    Of `modules` the directory's own name counts too: it is what is imported. Times, owners and other rights do not
    count, so that two checkouts of one commit are the same. Raises Unreadable.
    """
    total = hashlib.sha256()
    for label, names in (("directory", directories), ("module", modules)):
        for name in names:
            directory = directory_below(root, name)
            total.update(f"\0{label}\0{directory.name if label == 'module' else ''}\0".encode())
            with _readable(name):
                for line in _file_lines(root.resolve(), directory, excludes):
                    total.update(line.encode("utf-8", "surrogateescape"))
    return total.hexdigest()


def _file_lines(root: Path, directory: Path, excludes: Sequence[str]) -> Iterator[str]:
    for path in _uploaded(root, directory, excludes):
        content = _content_digest(path) if path.resolve().is_relative_to(root) else f"-> {path.readlink()}"
        executable = "x" if path.stat().st_mode & 0o100 else "-"
        yield f"{path.relative_to(directory).as_posix()}\0{executable}\0{content}\n"


def _uploaded(root: Path, directory: Path, excludes: Sequence[str]) -> list[Path]:
    """The files that the SDK would upload: not what `excludes` or a .gitignore names, each read as git reads it.

    Links to directories are followed as the SDK does, but none out of `root`: such a one stands for itself.
    """
    return sorted(_walk(directory, [_rule(directory, [*DEFAULT_EXCLUDES, *excludes])], root, ()))


def _rule(base: Path, patterns: Sequence[str]) -> Callable[[Path], bool]:
    import pathspec  # noqa: PLC0415 - only a manifest with local directories needs it

    spec = pathspec.GitIgnoreSpec.from_lines(patterns)
    return lambda path: bool(spec.match_file(path.relative_to(base).as_posix()))


def is_pattern(text: str) -> bool:
    """Whether the SDK can read it as git reads a line of a .gitignore: `!` alone or `[z-a]` it cannot.

    Nor may it have so many `*` that it could keep a plan busy for years: each of them multiplies the time.
    """
    import pathspec  # noqa: PLC0415 - as in `_rule`

    parts = text.split("/")
    if parts.count("**") > MAX_STARS or any(part.count("*") > MAX_STARS for part in parts):
        return False
    try:
        pathspec.GitIgnoreSpec.from_lines([text])
    except (ValueError, re.error):
        return False
    return True


def _ignored(directory: Path) -> list[str]:
    """The lines of the directory's own .gitignore, if there is one."""
    file = directory / ".gitignore"
    lines = read_bounded(file, MAX_BYTES).decode(errors="replace").splitlines() if file.is_file() else []
    if len(lines) > MAX_LINES:
        raise Unreadable(f"{file} cannot be read: it has more than {MAX_LINES:,} lines")
    for number, line in enumerate(lines, 1):
        if not is_pattern(line):
            raise Unreadable(f"{file} cannot be read: line {number} is no pattern of files")
    return lines


def _walk(directory: Path, rules: list[Callable[[Path], bool]], root: Path, above: tuple[Path, ...]) -> Iterator[Path]:
    if ignored := _ignored(directory):
        rules = [*rules, _rule(directory, ignored)]
    above = (*above, directory.resolve())
    for path in directory.iterdir():
        if any(excluded(path) for excluded in rules):
            continue
        if path.is_file():
            yield path
        elif path.is_dir():
            real = path.resolve()
            if not real.is_relative_to(root):
                yield path
            elif real not in above:  # a link to a directory that it stands in would never end
                yield from _walk(path, rules, root, above)


def _content_digest(path: Path) -> str:
    total = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            total.update(chunk)
    return total.hexdigest()
