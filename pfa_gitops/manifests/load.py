"""Files → documents. Reads below the project's root only; renders and judges nothing."""

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from pfa_gitops.manifests.allowance import Allowance
from pfa_gitops.manifests.document import Document
from pfa_gitops.manifests.findings import Findings
from pfa_gitops.manifests.matching import MAX_ENTRIES, Outside, Search, TooMany, fixed_part
from pfa_gitops.manifests.shorten import shortened
from pfa_gitops.manifests.yaml_documents import read_documents
from pfa_gitops.model.closest import closest
from pfa_gitops.model.errors import Problem, ProblemsFound
from pfa_gitops.model.places import Origin

PROJECT_FILE = "pfa-gitops.yaml"
MAX_BYTES = 5_000_000


def find_project(directory: Path) -> Path:
    """The project's root: `directory`, or the nearest one above it that has a pfa-gitops.yaml. Raises ProblemsFound.

    The search ends at the root of a git checkout, as a project belongs to one.
    """
    try:
        return _nearest_project(directory)
    except OSError as error:
        message = f"{shortened(str(directory))} cannot be read: {error.strerror}"
        raise ProblemsFound([Problem(message, "check the path given with -C")]) from None


def _nearest_project(directory: Path) -> Path:
    if not directory.is_dir():
        raise ProblemsFound([Problem(f"{directory} is no directory", "check the path given with -C")])
    place = directory
    while not (place / PROJECT_FILE).is_file():
        parent = place.resolve().parent
        if (place / ".git").exists() or parent == place.resolve():
            raise ProblemsFound([_no_project(directory)])
        place = Path(os.path.relpath(parent)) if not directory.is_absolute() else parent
    return place


def _no_project(directory: Path) -> Problem:
    near = closest(PROJECT_FILE, (item.name for item in directory.iterdir() if item.is_file()))
    hint = f"rename {near}, " if near else ""
    mend = f"{hint}give the project's directory with -C, or start one with `pfa-gitops init`"
    return Problem(f"there is no {PROJECT_FILE} in {directory.absolute().name or directory}", mend)


def read_text(root: Path, file: Path, allowance: Allowance) -> str | Problem:
    """The text of a file below `root`, or why it cannot be had. Raises ProblemsFound where `allowance` is used up."""
    origin = Origin(str(file), 1, 1)
    if not file.resolve().is_relative_to(root.resolve()):
        return Problem(f"{file} leads outside of the project", "put the file itself into the project", origin)
    try:
        size = file.stat().st_size
        if size > MAX_BYTES:
            return Problem(f"the file is larger than {MAX_BYTES // 1_000_000} MB", "split it", origin)
        allowance.file(size, origin)
        return file.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return Problem(f"the file is not UTF-8: byte {error.start} does not fit", "save it as UTF-8", origin)
    except OSError as error:
        return Problem(f"the file cannot be read: {error.strerror}", "check that it is a file you may read", origin)


def load_documents(
    text: str,
    file: str,
    findings: Findings,
    lines: Sequence[int] | None = None,
    allowance: Allowance | None = None,
) -> Iterator[Document]:
    """Yield the documents of a file; what is wrong with the others goes to `findings`.

    `lines` gives for each line of a rendered text the template's line. Raises ProblemsFound where `allowance` is
    used up.
    """
    for found in read_documents(text, file, lines, allowance):
        if isinstance(found, Document):
            yield found
        elif isinstance(found, Problem):
            findings.lose([found])
        else:
            findings.drop(*found)


class Pattern:
    """One glob of `spec.manifests`, and where it stands."""

    def __init__(self, text: str, origin: Origin | None, written: bool) -> None:
        self.text = text
        self.origin = origin
        self.written = written
        """False for the default ones, which need not match."""

    @property
    def base(self) -> Path:
        """The part before the first wildcard."""
        return fixed_part(Path(self.text).parts)

    def problem(self, message: str, mend: str) -> Problem:
        """What is wrong with this pattern."""
        return Problem(message, mend, self.origin)


def find_files(root: Path, patterns: Iterable[Pattern]) -> tuple[Sequence[Path], Sequence[Problem]]:
    """The files that the patterns name, each once, sorted by path, and what is wrong with the patterns."""
    found: set[Path] = set()
    problems: list[Problem] = []
    search = Search(root)
    for pattern in patterns:
        try:
            matching = _matching(root, pattern, search)
        except OSError as error:
            matching = pattern.problem(f"`{shortened(pattern.text)}` cannot be read: {error.strerror}", "correct it")
        except Outside as error:
            matching = pattern.problem(f"{error} leads outside of the project", "put the files into the project")
        except TooMany:
            message = f"the patterns look at more than {MAX_ENTRIES:,} files"
            problems.append(pattern.problem(message, "name the directories in which the manifests are"))
            break
        if isinstance(matching, Problem):
            problems.append(matching)
        else:
            found.update(matching)
    return sorted(found, key=lambda path: path.relative_to(root).parts), problems


def _matching(root: Path, pattern: Pattern, search: Search) -> set[Path] | Problem:
    """The files that one pattern names. Raises OSError where the system refuses the path."""
    if Path(pattern.text).is_absolute() or ".." in Path(pattern.text).parts:
        mend = "write a path below the directory of pfa-gitops.yaml"
        return pattern.problem(f"`{pattern.text}` leads outside of the project", mend)
    if not _is_glob(pattern.text):
        mend = "write `**` as a whole part of the path, e.g. manifests/**/*.yaml"
        return pattern.problem(f"`{pattern.text}` is no pattern of files", mend)
    if search.leads_outside(root / pattern.base):
        return pattern.problem(f"`{pattern.text}` leads outside of the project", "put the files into the project")
    if pattern.written and not (root / pattern.base).exists():
        return _no_base(root, pattern)
    return {path for path in search.files(Path(pattern.text)) if path.name != PROJECT_FILE}


def _is_glob(text: str) -> bool:
    """Whether pathlib takes it; it refuses the empty text and `a**`."""
    parts = Path(text).parts
    return bool(parts) and "\0" not in text and all(part == "**" or "**" not in part for part in parts)


def _no_base(root: Path, pattern: Pattern) -> Problem:
    """The part of the pattern without wildcards is not there: a slip of the pen."""
    here, missing = root, ""
    for part in pattern.base.parts:
        if not (here / part).exists():
            missing = part
            break
        here = here / part
    near = closest(missing, (item.name for item in here.iterdir()))
    right = pattern.text.replace(missing, near, 1) if near else ""
    mend = f"did you mean `{right}`?" if near else "create it, or correct spec.manifests"
    return pattern.problem(f"`{pattern.text}` matches nothing: there is no {pattern.base}", mend)
