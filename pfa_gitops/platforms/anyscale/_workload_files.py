"""Fills in a workload's spec what the project's own files say: texts, requirements, the digest of directories."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pfa_gitops.platforms.anyscale._source_files import (
    MAX_STARS,
    Unreadable,
    digest,
    directory_below,
    is_pattern,
    is_remote,
    read_text,
    requirements_of,
)
from pfa_gitops.platforms.anyscale._workload_spec import FieldsT, WorkloadFields
from pfa_gitops.platforms.base import Completed, Flaw
from pfa_gitops.platforms.urls import parts_of

MEND = "correct the path; it is relative to the project's directory"


def completed(spec: FieldsT, root: Path) -> Completed[FieldsT]:
    """The spec with what its files say. Local directories become absolute, since the SDK takes them so."""
    update: dict[str, Any] = {}
    flaws = _pattern_flaws(spec)
    for field in ("containerfile", "requirements", "working_dir", "py_modules"):
        try:
            update |= _filled(field, spec, root)
        except Unreadable as error:
            flaws.append(Flaw((field,), str(error), MEND))
    if not flaws:
        flaws += _digested(spec, root, update)
    return Completed(spec.model_copy(update=update), flaws)


def _filled(field: str, spec: WorkloadFields, root: Path) -> dict[str, Any]:
    value = getattr(spec, field)
    if field == "containerfile" and value is not None and "\n" not in value:
        return {field: read_text(root, value)}
    if field == "requirements" and isinstance(value, str):
        return {field: requirements_of(read_text(root, value))}
    if field == "working_dir" and value is not None:
        return {field: _place(root, value)}
    if field == "py_modules" and value:
        return {field: [_place(root, one) for one in value]}
    return {}


def _place(root: Path, name: str) -> str:
    if parts_of(name) is None:
        raise Unreadable("the URI cannot be read")
    return name if is_remote(name) else str(directory_below(root, name))


def _pattern_flaws(spec: WorkloadFields) -> list[Flaw]:
    wrong = [index for index, text in enumerate(spec.excludes or []) if not is_pattern(text)]
    mend = f"write it as a line of a .gitignore, e.g. `*.log`, with at most {MAX_STARS} `*` or `**`"
    return [Flaw(("excludes", index), "the pattern of files cannot be read", mend) for index in wrong]


def _digested(spec: WorkloadFields, root: Path, update: dict[str, Any]) -> list[Flaw]:
    """Add the digest of the local directories to `update`, if there are any."""
    directories = _local([spec.working_dir])
    modules = _local(spec.py_modules or [])
    try:
        if directories or modules:
            update["files_digest"] = digest(root, directories, modules, spec.excludes or [])
    except Unreadable as error:
        field = "working_dir" if directories else "py_modules"
        return [Flaw((field,), str(error), "make it readable, or name it in excludes")]
    return []


def _local(names: Sequence[str | None]) -> list[str]:
    return [name for name in names if name and not is_remote(name)]
