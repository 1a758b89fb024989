"""The way from files to Manifests: load, render, parse, overlay, validate, link. Each step collects its problems."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pfa_gitops.manifests import override
from pfa_gitops.manifests import project as project_document
from pfa_gitops.manifests.allowance import Allowance
from pfa_gitops.manifests.choose import Chosen, read_project
from pfa_gitops.manifests.document import Document
from pfa_gitops.manifests.findings import Findings
from pfa_gitops.manifests.link import link
from pfa_gitops.manifests.load import PROJECT_FILE, Pattern, find_files, find_project, load_documents, read_text
from pfa_gitops.manifests.moves import check_moves
from pfa_gitops.manifests.names import GitSource
from pfa_gitops.manifests.overlay import Setting, applies_elsewhere, overlay
from pfa_gitops.manifests.parse import parse
from pfa_gitops.manifests.project import Environment, Project
from pfa_gitops.manifests.render import render_documents, render_file
from pfa_gitops.manifests.templates import Templates
from pfa_gitops.manifests.validate import Kinds, validate
from pfa_gitops.model.errors import Problem, ProblemsFound
from pfa_gitops.model.places import Origin
from pfa_gitops.model.values import Manifest


@dataclass(frozen=True)
class Workspace:
    """A project's manifests as one environment wants them, complete."""

    root: Path
    """The directory of pfa-gitops.yaml."""
    project: Project
    environment: Environment
    manifests: tuple[Manifest[Any], ...]
    notices: tuple[str, ...] = ()
    """What a reader should know though it is no problem, e.g. that an override has run out."""


def read_workspace(
    directory: Path,
    environment: str | None,
    kinds: Kinds,
    environ: Mapping[str, str],
    git: GitSource,
    *,
    now: datetime | None = None,
    may_be_empty: bool = False,
) -> Workspace:
    """Read the project in `directory`, or above it, for `environment`, by default the project's default one.

    `environ` is what templates may read as `env`; `git` what is known of the checkout, asked only when a template
    does. `now` decides whether an override has run out. Raises ProblemsFound with all that is wrong; a project without
    manifests is, too, unless it `may_be_empty`.
    """
    findings, templates, allowance = Findings(), Templates(), Allowance()
    root = find_project(directory)
    own, others = _project_file(root, findings, allowance)
    chosen = read_project(own, root, environment, environ, git=git, templates=templates)
    files = _find(root, _patterns(chosen.project, may_be_empty), findings, may_be_none=bool(others) or may_be_empty)
    loaded = (_load_file(root, file, chosen, templates, findings, allowance=allowance) for file in files)
    documents = [*others, *(document for part in loaded for document in part)]
    name, known = chosen.environment.name, chosen.environments
    here = [document for document in documents if not applies_elsewhere(document, name, known)]
    rendered = render_documents(here, templates, chosen.names, findings)
    drafts = parse(rendered, {*kinds, override.KIND}, findings)
    setting = Setting(kinds, known, name, now or datetime.now(UTC), allowance)
    patched = overlay(drafts, setting, findings)
    manifests = link(validate(patched, kinds, root, findings), chosen.project.spec.external, findings)
    findings.add(list(check_moves(chosen.project, manifests, kinds)))
    if findings.problems:
        raise ProblemsFound(findings.problems)
    return Workspace(root, chosen.project, chosen.environment, tuple(manifests), tuple(findings.notices))


def files_of(directory: Path, environment: str | None, environ: Mapping[str, str], git: GitSource) -> Sequence[Path]:
    """The files that `read_workspace` reads, the project's own first. Raises ProblemsFound."""
    findings, root = Findings(), find_project(directory)
    own, _ = _project_file(root, findings, Allowance())
    chosen = read_project(own, root, environment, environ, git=git, templates=Templates())
    return [root / PROJECT_FILE, *find_files(root, _patterns(chosen.project, may_be_empty=True))[0]]


def _project_file(root: Path, findings: Findings, allowance: Allowance) -> tuple[Document, list[Document]]:
    """The Project document, and the others beside it. Raises ProblemsFound where there is none."""
    file = root / PROJECT_FILE
    text = read_text(root, file, allowance)
    if isinstance(text, Problem):
        raise ProblemsFound([text])
    documents = list(load_documents(text, str(file), findings, allowance=allowance))
    projects = [document for document in documents if document.kind == project_document.KIND]
    if not projects:
        missing = Problem("the file has no Project document", "begin it with `kind: Project`", Origin(str(file), 1, 1))
        raise ProblemsFound(findings.problems or [missing])
    return projects[0], [document for document in documents if document is not projects[0]]


def _find(root: Path, patterns: Sequence[Pattern], findings: Findings, *, may_be_none: bool) -> list[Path]:
    """The manifest files, in the order of their paths."""
    files, problems = find_files(root, patterns)
    if problems:
        findings.lose(problems)
    if not files and not may_be_none and not problems:
        mend = "write manifests below manifests/, or name their files under spec.manifests"
        findings.add([Problem("the project has no manifests", mend, patterns[0].origin)])
    return list(files)


def _patterns(project: Project, may_be_empty: bool) -> list[Pattern]:
    """The globs of the files; the default ones need not match, and those of a project that is still to be filled."""
    written = "manifests" in project.spec.model_fields_set and not may_be_empty
    path = ("spec", "manifests")
    return [
        Pattern(text, project.origins.at((*path, index) if written else ()), written)
        for index, text in enumerate(project.spec.manifests)
    ]


def _load_file(
    root: Path, file: Path, chosen: Chosen, templates: Templates, findings: Findings, *, allowance: Allowance
) -> list[Document]:
    text = read_text(root, file, allowance)
    if isinstance(text, Problem):
        findings.lose([text])
        return []
    if file.suffix == ".j2":
        return render_file(text, str(file), templates, chosen.names, findings, allowance=allowance)
    return list(load_documents(text, str(file), findings, allowance=allowance))
