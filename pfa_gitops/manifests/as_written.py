"""What a project's file says of its name and its environments, as it is written: also where the rest of it is wrong.

Reads pfa-gitops.yaml only, and judges nothing.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from pfa_gitops.manifests.allowance import Allowance
from pfa_gitops.manifests.findings import Findings
from pfa_gitops.manifests.load import PROJECT_FILE, find_project, load_documents, read_text
from pfa_gitops.manifests.project import KIND
from pfa_gitops.model.errors import ProblemsFound


class AsWritten(NamedTuple):
    """A project, as far as its file can be read."""

    name: str | None
    environments: Mapping[str, Any]
    """What stands below each name, which may be anything."""


def as_written(directory: Path) -> AsWritten | None:
    """The project in `directory`, or above it; None where there is none, or its file cannot be read. Never raises."""
    allowance = Allowance()
    try:
        root = find_project(directory)
        text = read_text(root, root / PROJECT_FILE, allowance)
        documents = load_documents(text, PROJECT_FILE, Findings(), allowance=allowance) if isinstance(text, str) else ()
        document = next((document for document in documents if document.kind == KIND), None)
    except ProblemsFound:
        return None
    if document is None:
        return None
    spec = document.value.get("spec")
    found = spec.get("environments") if isinstance(spec, Mapping) else None
    environments = {str(name): block for name, block in found.items()} if isinstance(found, Mapping) else {}
    return AsWritten(document.address.name if document.address else None, environments)
