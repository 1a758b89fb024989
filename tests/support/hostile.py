"""Hostile projects: read from data files, written into a folder, and what must hold whatever they try.

A case says which files there are, and what is to come of it. A file is a text, or a mapping that says how it is made:

    {text: [part, …]}        parts one after the other; a part is a text, or {repeat: text, times: n}, in which
                             `<n>` is the number of the round, and `<n-1>` the one before
    {base64: text}           bytes
    {link: target}           a symbolic link
    {pipe: true}, {folder: true}, {hole: bytes}
"""

import base64
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from support.nursery import Ended, Job, Nursery

CASES = Path(__file__).parents[1] / "hostile" / "cases"
PROJECT = "apiVersion: pfa-gitops/v1\nkind: Project\nmetadata: {name: hostile}\n"
KEPT = "kept-outside-the-project"
"""What a file outside of the project holds. No output may."""
SECRET = "kept-in-the-environment"
"""What a variable holds that no project may read. No output may."""
SECONDS = 20.0
PEAK_BYTES = 600 << 20
LONGEST_TEXT = 1 << 20
"""What a command may print for people, in characters."""


@dataclass(frozen=True)
class Case:
    """One hostile project."""

    name: str
    files: Mapping[str, Any]
    exit: int
    """What validate and render exit with."""
    says: tuple[str, ...] = ()
    """What stands in what validate prints."""
    never: tuple[str, ...] = ()
    """What stands in no output, besides what never does."""
    environ: Mapping[str, str] = field(default_factory=dict)
    slow: bool = False
    plan: int = 0
    """What plan exits with, where the others exit with 0."""
    plan_says: tuple[str, ...] = ()
    """What stands in what plan prints."""
    folder: str = "."
    """Where in the project the commands run."""


def cases(slow: bool) -> Iterator[Case]:
    """Every case of the corpus, the slow ones or the others."""
    for file in sorted(CASES.glob("*.yaml")):
        for written in yaml.safe_load(file.read_text()):
            fields = {name: tuple(value) if isinstance(value, list) else value for name, value in written.items()}
            name = f"{file.stem}: {fields.pop('case')}"
            case = Case(name, **{"exit": 1, **fields})
            if case.slow == slow:
                yield case


@dataclass(frozen=True)
class Folder:
    """Where one case stands: the project, and beside it what it must not reach."""

    base: Path

    @property
    def project(self) -> Path:
        return self.base / "project"

    @property
    def outside(self) -> Path:
        return self.base / "outside"

    def seen(self) -> dict[str, tuple[int, int]]:
        """Every file that there is, with its size and its time."""
        found = {}
        for path in sorted([*self.project.rglob("*"), *self.outside.rglob("*")]):
            status = path.lstat()
            found[str(path)] = (status.st_size, status.st_mtime_ns)
        return found


def write(case: Case, base: Path) -> Folder:
    """Write a case's files."""
    folder = Folder(base)
    for path in (folder.project, folder.outside, base / "home"):
        path.mkdir(parents=True)
    (folder.project / ".git").mkdir()
    (folder.outside / "kept.txt").write_text(KEPT)
    (folder.outside / "kept.yaml").write_text(f"kind: Variable\nmetadata: {{name: kept}}\nspec: {{value: {KEPT}}}\n")
    (folder.outside / "secret-name-of-a-file.yaml").write_text("")
    for name, content in {"pfa-gitops.yaml": PROJECT, **case.files}.items():
        path = folder.project / name
        path.parent.mkdir(parents=True, exist_ok=True)
        _make(path, content)
    return folder


def _make(path: Path, content: Any) -> None:
    match content:
        case str():
            path.write_bytes(content.encode("utf-8", "surrogatepass"))
        case {"text": parts}:
            path.write_text("".join(_parts(parts)))
        case {"base64": text}:
            path.write_bytes(base64.b64decode(text))
        case {"link": target}:
            path.symlink_to(target)
        case {"pipe": True}:
            os.mkfifo(path)
        case {"folder": True}:
            path.mkdir()
        case {"hole": size}:
            with path.open("wb") as file:
                file.truncate(size)
        case _:
            raise AssertionError(f"no file is made of {content!r:.80}")


def _parts(parts: list[Any]) -> Iterator[str]:
    for part in parts:
        if isinstance(part, str):
            yield part
        elif "<n" in part["repeat"]:
            for number in range(1, part["times"] + 1):
                yield part["repeat"].replace("<n>", str(number)).replace("<n-1>", str(number - 1))
        else:
            yield part["repeat"] * part["times"]


@dataclass(frozen=True)
class Answer:
    """What a command did."""

    ended: Ended
    stdout: str
    stderr: str

    @property
    def code(self) -> int:
        return self.ended.code

    @property
    def said(self) -> str:
        return self.stdout + self.stderr


def run(nursery: Nursery, folder: Folder, case: Case, *arguments: str, **environment: str) -> Answer:
    """Run a command in a case's project. Whatever the project tries: what never may be is looked for."""
    before = folder.seen()
    stdout, stderr = folder.base / "stdout", folder.base / "stderr"
    environ = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder.base / "home"),
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "PREFECT_API_KEY": SECRET,
        **case.environ,
        **environment,
    }
    job = Job(arguments, str(folder.project / case.folder), environ, str(stdout), str(stderr), SECONDS)
    answer = Answer(nursery.run(job), stdout.read_text("utf-8"), stderr.read_text("utf-8"))
    assert folder.seen() == before, "it wrote where nothing may be written"
    check(answer, case, as_json="json" in arguments)
    return answer


def check(answer: Answer, case: Case, as_json: bool) -> None:
    """What holds for every output."""
    assert answer.ended.code in {0, 1}, f"it ended with {answer.ended}: {answer.stderr[-2000:]}"
    assert answer.ended.peak_bytes < PEAK_BYTES
    for text in ("Traceback", "a defect of pfa-gitops", KEPT, SECRET, "secret-name-of-a-file", "uid=", *case.never):
        assert text not in answer.said, f"{text!r} is told: {answer.said[-2000:]}"
    for text in (answer.stdout, answer.stderr):
        raw = sorted({one for one in text if one != "\n" and not one.isprintable()})
        assert raw == [], f"raw characters reach the terminal: {raw}"
        assert re.search(r"(?m)^\s*::|##\[", text) is None, f"a line is a command to CI: {text[-2000:]}"
    assert as_json or len(answer.said) < LONGEST_TEXT
