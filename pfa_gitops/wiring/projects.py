"""Files and environment → a workspace: what every command begins with. No platform is asked."""

import os
from collections.abc import Mapping
from pathlib import Path as FilePath

from pfa_gitops import git
from pfa_gitops.manifests.load import PROJECT_FILE, find_project
from pfa_gitops.manifests.pipeline import Workspace, files_of, read_workspace
from pfa_gitops.manifests.project import DEFAULT_ENVIRONMENT, Environment, Project, ProjectSpec
from pfa_gitops.model.errors import ProblemsFound, ReaderError
from pfa_gitops.model.redaction import redacted
from pfa_gitops.platforms.registry import kinds
from pfa_gitops.wiring.workspace_secrets import in_clear, named_secrets, suspected_secrets


def workspace(directory: FilePath, environment: str | None) -> Workspace:
    """Read the project in `directory` for one environment. Raises ProblemsFound."""
    found = _read(directory, environment)
    problems = list(in_clear(found))
    if found.project.spec.policies:
        from pfa_gitops.policy.compiling import check_policies  # noqa: PLC0415 - most projects have no policies

        problems += check_policies(found)
    if problems:
        raise ProblemsFound(redacted(problems, named_secrets(found)))
    return found


def _read(directory: FilePath, environment: str | None, *, may_be_empty: bool = False) -> Workspace:
    """The manifests. Raises ProblemsFound, which quotes what templates gave, and tells no secret for all that."""

    def checkout() -> Mapping[str, str]:
        return git.describe(directory)

    root = find_project(directory)
    try:
        return read_workspace(directory, environment, kinds(), os.environ, checkout, may_be_empty=may_be_empty)
    except ProblemsFound as error:
        files = manifest_files(directory, environment) or [root / PROJECT_FILE]
        raise ProblemsFound(redacted(error.problems, suspected_secrets(root, files))) from None


def manifest_files(directory: FilePath, environment: str | None) -> list[FilePath]:
    """The files of the project in `directory` that are read, as far as they can be found: none that is in its way."""
    try:
        return list(files_of(directory, environment, os.environ, lambda: git.describe(directory)))
    except ProblemsFound:
        return []


def workspace_to_fill(directory: FilePath, environment: str | None, own: FilePath) -> Workspace:
    """The project in `directory`, which may have no manifests yet; where there is none, the one that `own` is to be.

    Raises ProblemsFound.
    """
    if has_project(directory):
        return _read(directory, environment, may_be_empty=True)
    if environment is not None:
        raise ReaderError(f"there is no project, and so no environment {environment}", "leave --environment out")
    from pfa_gitops.convert.values import manifest_name  # noqa: PLC0415 - a plan needs none of it

    name = manifest_name(own.resolve().name)
    return Workspace(own, Project(name, ProjectSpec(), ""), Environment(DEFAULT_ENVIRONMENT), ())


def repository(directory: FilePath) -> tuple[FilePath, str | None]:
    """Where the git repository begins that a folder is in, which may be the folder itself, and its default branch."""
    return git.root(directory) or directory, git.default_branch(directory)


def has_project(directory: FilePath) -> bool:
    """Whether there is a project in a folder, or above it."""
    try:
        find_project(directory)
    except ProblemsFound:
        return False
    return True
