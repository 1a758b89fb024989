"""What a project's file says of its name and environments, also where the rest of it is wrong. Reads only."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pfa_gitops.manifests.allowance import Allowance
from pfa_gitops.manifests.document import Document
from pfa_gitops.manifests.findings import Findings
from pfa_gitops.manifests.load import PROJECT_FILE, find_project, load_documents, read_text
from pfa_gitops.manifests.project import DEFAULT_ENVIRONMENT, KIND
from pfa_gitops.model.errors import ProblemsFound
from pfa_gitops.model.values import Owner

NOT_LOOKED_INTO = frozenset({"node_modules", "__pycache__"})


def owner(directory: Path, environment: str | None) -> Owner:
    """The project's name and the environment, as far as they can be read. Never raises for what a file holds."""
    document = _document(directory)
    name = document.address.name if document and document.address else directory.resolve().name
    names = _environments(document)
    default = next((key for key, block in names.items() if isinstance(block, dict) and block.get("default")), None)
    return Owner(name, environment or default or next(iter(names), DEFAULT_ENVIRONMENT))


def environments(directory: Path) -> list[str]:
    """The environments that a project declares, in their order."""
    return list(_environments(_document(directory))) or [DEFAULT_ENVIRONMENT]


def projects(root: Path) -> Iterator[str]:
    """The folders below `root` that have a project's file, relative to it; hidden folders are not looked into."""
    for place, folders, files in os.walk(root):
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name not in NOT_LOOKED_INTO)
        if PROJECT_FILE in files:
            yield str(Path(place).relative_to(root))


def _document(directory: Path) -> Document | None:
    allowance = Allowance()
    try:
        root = find_project(directory)
        text = read_text(root, root / PROJECT_FILE, allowance)
        documents = load_documents(text, PROJECT_FILE, Findings(), allowance=allowance) if isinstance(text, str) else ()
        return next((document for document in documents if document.kind == KIND), None)
    except ProblemsFound:
        return None


def _environments(document: Document | None) -> dict[str, Any]:
    spec = document.value.get("spec") if document else None
    found = spec.get("environments") if isinstance(spec, dict) else None
    return {str(key): block for key, block in found.items()} if isinstance(found, dict) else {}
