"""What a step tells GitHub Actions: annotations, outputs, its summary. The only writer of GITHUB_* files.

See docs/guides/github.md. An annotation's text is escaped, so that no problem's text can be a command of its own.
"""

import os
import secrets
from collections.abc import Iterable, Mapping
from pathlib import Path

from pfa_gitops.model.errors import Problem

MOST_ANNOTATIONS = 50
"""GitHub shows ten of a step; the summary has all."""
LEAST_HIDDEN = 4
"""Characters of what is hidden. A shorter text is no secret, and would be struck out of every line that has it."""
SUMMARY_BYTES = 1_000_000
"""GitHub drops a step's summary that is larger than 1 MiB."""


def annotation(problem: Problem, root: Path, title: str, level: str = "error") -> str:
    """The workflow command that shows a problem at its line. `root` is the checkout's folder."""
    place: dict[str, str | int] = {}
    if problem.origin:
        file = os.path.relpath(problem.origin.file, root)
        place = {"file": file, "line": problem.origin.line, "col": problem.origin.column}
    about = f"{problem.address}: " if problem.address and str(problem.address) not in problem.message else ""
    text = "\n".join(part for part in (f"{about}{problem.message}", problem.mend) if part)
    properties = ",".join(f"{name}={_property(str(value))}" for name, value in {**place, "title": title}.items())
    return f"::{level} {properties}::{_data(text)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def annotate(problems: Iterable[Problem], root: Path, title: str, level: str = "error") -> None:
    """Show problems at their lines, as errors or as a `warning`."""
    for problem in list(problems)[:MOST_ANNOTATIONS]:
        print(annotation(problem, root, title, level), flush=True)  # noqa: T201 - the runner reads it from standard output


def mask(environ: Mapping[str, str], values: Iterable[str]) -> None:
    """Have the runner hide these values in the log, line by line. Outside of GitHub Actions they would be shown."""
    if environ.get("GITHUB_ACTIONS") == "true":
        lines = {line for value in values for line in value.splitlines() if len(line.strip()) >= LEAST_HIDDEN}
        for line in sorted(lines):
            print(f"::add-mask::{_data(line)}", flush=True)  # noqa: T201 - the runner takes it, and shows it to nobody


def set_outputs(environ: Mapping[str, str], outputs: Mapping[str, str]) -> None:
    """Hand values to later steps. Each has a delimiter that nobody can guess, so that no value can set another one."""
    lines = []
    for name, value in outputs.items():
        end = f"end-{secrets.token_hex(16)}"
        lines.append(f"{name}<<{end}\n{value}\n{end}\n")
    _append(environ, "GITHUB_OUTPUT", "".join(lines))


def add_summary(environ: Mapping[str, str], text: str, shorter: str = "") -> None:
    """Show Markdown on the run's page; `shorter` in its place where it is more than GitHub takes."""
    _append(environ, "GITHUB_STEP_SUMMARY", f"{text if len(text.encode()) <= SUMMARY_BYTES else shorter}\n\n")


def _append(environ: Mapping[str, str], variable: str, text: str) -> None:
    if file := environ.get(variable):
        with Path(file).open("a", encoding="utf-8") as stream:
            stream.write(text)
