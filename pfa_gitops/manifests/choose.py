"""Reads the Project document for one environment. No I/O.

Only the chosen environment is rendered: another one may use variables that are not set here. Its shape is checked.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path as FilePath
from typing import Any

from pydantic import ValidationError

from pfa_gitops.manifests.document import Document
from pfa_gitops.manifests.envelope import Envelope
from pfa_gitops.manifests.misfits import Misfits
from pfa_gitops.manifests.names import EnvironmentVariables, Git, GitSource, Names, Variables, asked
from pfa_gitops.manifests.project import (
    DEFAULT_ENVIRONMENT,
    KIND,
    Environment,
    EnvironmentSpec,
    Project,
    ProjectSpec,
)
from pfa_gitops.manifests.render import render_value
from pfa_gitops.manifests.templates import Templates, is_template
from pfa_gitops.model.closest import did_you_mean
from pfa_gitops.model.errors import Problem, ProblemsFound
from pfa_gitops.model.places import Address, Path

ENVIRONMENTS: Path = ("spec", "environments")


@dataclass(frozen=True)
class Chosen:
    """The project and the environment, what templates may name, and all the environments' names."""

    project: Project
    environment: Environment
    names: Names
    environments: tuple[str, ...]


def read_project(
    document: Document,
    root: FilePath,
    wanted: str | None,
    environ: Mapping[str, str],
    *,
    git: GitSource,
    templates: Templates,
) -> Chosen:
    """Choose the environment, render and validate the project for it. Raises ProblemsFound."""
    declared = _declared(document)
    name = _choose(document, declared, wanted)
    others = {key: block for key, block in declared.items() if key != name}
    env = EnvironmentVariables(environ, None)
    source = Git(git)
    about = {"name": document.address.name if document.address else "", "directory": str(root.resolve())}

    def names(variables: Any, allowed: EnvironmentVariables) -> Names:
        return Names(Variables(_mapping(variables)), allowed, name, source, about)

    rendering = ProjectRendering(document, name, lambda variables: names(variables, env), templates)
    rendered, variables = rendering.run(declared.get(name))
    if rendering.problems:
        raise ProblemsFound(rendering.problems)
    project = _validated(rendered, document, others)
    allowed = {*project.spec.env, *asked(env)}
    environment = Environment(name, project.spec.environments.get(name, EnvironmentSpec()))
    visible = names(variables, EnvironmentVariables(environ, allowed))
    return Chosen(project, environment, visible, tuple(declared) or (name,))


def _declared(document: Document) -> dict[str, Any]:
    """The environments as they are written; whatever is no mapping is judged by validation."""
    spec = document.value.get("spec")
    found = spec.get("environments") if isinstance(spec, dict) else None
    return found if isinstance(found, dict) else {}


def _choose(document: Document, declared: Mapping[str, Any], wanted: str | None) -> str:
    """The name of the environment: the wanted one, else the default one, else the only one."""
    names = list(declared) or [DEFAULT_ENVIRONMENT]
    origin = document.places.of_key(ENVIRONMENTS if declared else ("spec",))
    defaults = [name for name, block in declared.items() if isinstance(block, dict) and block.get("default") is True]
    if len(defaults) > 1:
        places = document.places.of_value((*ENVIRONMENTS, defaults[1], "default"))
        message = f"the environments {_listed(defaults)} are all the default one"
        raise ProblemsFound([Problem(message, "leave `default: true` at one of them", places)])
    if wanted is not None:
        if wanted not in names:
            mend = did_you_mean(wanted, names)
            raise ProblemsFound([Problem(f"there is no environment `{wanted}`", mend, origin)])
        return wanted
    if not defaults and len(names) > 1:
        message = f"the project has the environments {_listed(names)}, and none is the default one"
        raise ProblemsFound([Problem(message, "choose one with --environment, or set `default: true` at one", origin)])
    return (defaults or names)[0]


def _listed(names: list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


class ProjectRendering:
    """Renders the project in an order that lets later parts use `vars`: the project's, the environment's, the rest."""

    def __init__(self, document: Document, name: str, names: Callable[[Any], Names], templates: Templates) -> None:
        self._document = document
        self._name = name
        self._names = names
        self._templates = templates
        self.problems: list[Problem] = []
        self.texts = dict(document.places.texts)

    def run(self, block: Any) -> tuple[Document, Mapping[str, Any]]:
        """Return the document with the chosen environment only, all rendered, and the variables."""
        value = dict(self._document.value)
        spec = dict(value["spec"]) if isinstance(value.get("spec"), dict) else {}
        mine = dict(block) if isinstance(block, dict) else {}
        spec_vars = self._part(spec.get("vars"), ("spec", "vars"), {})
        own_vars = self._part(mine.get("vars"), (*ENVIRONMENTS, self._name, "vars"), spec_vars)
        variables = {**_mapping(spec_vars), **_mapping(own_vars)}
        for key, item in spec.items():
            if key not in {"vars", "environments"}:
                spec[key] = self._part(item, ("spec", key), variables)
        for key, item in mine.items():
            if key != "vars":
                mine[key] = self._part(item, (*ENVIRONMENTS, self._name, key), variables)
        self._put(spec, "vars", spec_vars)
        self._put(mine, "vars", own_vars)
        if isinstance(spec.get("environments"), dict):
            spec["environments"] = {self._name: mine if isinstance(block, dict) else block or {}}
        if isinstance(value.get("spec"), dict):
            value["spec"] = spec
        return replace(self._document, value=value, places=replace(self._document.places, texts=self.texts)), variables

    @staticmethod
    def _put(holder: dict[str, Any], key: str, value: Any) -> None:
        if key in holder:
            holder[key] = value

    def _part(self, value: Any, path: Path, variables: Any) -> Any:
        names = self._names(variables)
        rendered, texts, problems = render_value(value, path, self._document.places, self._templates, names)
        self.texts.update(texts)
        self.problems.extend(problems)
        return rendered


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _validated(rendered: Document, document: Document, others: Mapping[str, Any]) -> Project:
    """The project of what was rendered. Raises ProblemsFound, with what is wrong with the other environments too."""
    problems: list[Problem] = []
    address = Address(KIND, document.address.name) if document.address else None
    for name, block in others.items():
        problems += _check_other(block, (*ENVIRONMENTS, name), document, address)
    envelope = spec = None
    try:
        envelope = Envelope.model_validate(rendered.value)
    except ValidationError as error:
        problems += Misfits(Envelope, rendered.value, (), rendered.places, address).problems(error)
    try:
        spec = ProjectSpec.model_validate(rendered.value.get("spec") or {})
    except ValidationError as error:
        problems += Misfits(ProjectSpec, rendered.value["spec"], ("spec",), rendered.places, address).problems(error)
    if problems or envelope is None or spec is None:
        raise ProblemsFound(problems)
    origins = rendered.places.origins
    return Project(envelope.metadata.name, spec, document.file, origins, envelope.metadata.labels)


def _check_other(block: Any, path: Path, document: Document, address: Address | None) -> list[Problem]:
    """What is wrong with an environment that was not chosen; templates in it stay unread."""
    try:
        EnvironmentSpec.model_validate(block if block is not None else {})
    except ValidationError as error:
        kept = [detail for detail in error.errors() if not _unread(detail["input"])]
        if not kept:
            return []
        trimmed = ValidationError.from_exception_data(error.title, [_line(detail) for detail in kept])
        return Misfits(EnvironmentSpec, block, path, document.places, address).problems(trimmed)
    return []


def _unread(value: Any) -> bool:
    return isinstance(value, str) and is_template(value)


def _line(detail: Any) -> Any:
    return {key: detail[key] for key in ("type", "loc", "input", "ctx") if key in detail}
