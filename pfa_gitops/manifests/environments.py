"""The names of a project's environments, as they are written. Reads pfa-gitops.yaml only, and judges nothing."""

from pathlib import Path

from pfa_gitops.manifests.allowance import Allowance
from pfa_gitops.manifests.findings import Findings
from pfa_gitops.manifests.load import PROJECT_FILE, find_project, load_documents, read_text
from pfa_gitops.manifests.project import KIND
from pfa_gitops.model.errors import Problem


def environment_names(directory: Path) -> list[str]:
    """Those of the project in `directory`, or above it. Raises ProblemsFound where there is none."""
    root = find_project(directory)
    text = read_text(root, root / PROJECT_FILE, Allowance())
    if isinstance(text, Problem):
        return []
    documents = load_documents(text, PROJECT_FILE, Findings())
    specs = [document.value.get("spec") for document in documents if document.kind == KIND]
    found = [spec.get("environments") for spec in specs if isinstance(spec, dict)]
    return [str(name) for environments in found if isinstance(environments, dict) for name in environments]
