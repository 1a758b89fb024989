"""Documents with `${{ … }}` → documents without. Keys are never rendered: nothing can inject structure. No I/O."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from pfa_gitops.manifests.allowance import Allowance
from pfa_gitops.manifests.document import Document, Places
from pfa_gitops.manifests.findings import Findings
from pfa_gitops.manifests.load import load_documents
from pfa_gitops.manifests.names import Names
from pfa_gitops.manifests.templates import TemplateFault, Templates, is_template
from pfa_gitops.model.errors import Problem
from pfa_gitops.model.places import Origin, Path


def render_documents(
    documents: Iterable[Document], templates: Templates, names: Names, findings: Findings
) -> list[Document]:
    """Render each document; those with a fault are left out."""
    rendered = []
    for document in documents:
        if not document.may_hold_templates:
            rendered.append(document)
            continue
        value, texts, problems = render_value(document.value, (), document.places, templates, names)
        if problems:
            findings.drop(document, problems)
        else:
            rendered.append(replace(document, value=value, places=replace(document.places, texts=texts)))
    return rendered


def render_value(
    value: Any, path: Path, places: Places, templates: Templates, names: Names
) -> tuple[Any, Mapping[Path, str], list[Problem]]:
    """Render the strings in `value`, which stands at `path`. Returns it with the texts and the problems."""
    rendering = Rendering(places, templates, names)
    return rendering.of(value, path), rendering.texts, rendering.problems


class Rendering:
    """One walk through one document."""

    def __init__(self, places: Places, templates: Templates, names: Names) -> None:
        self._places = places
        self._templates = templates
        self._names = names
        self.texts = dict(places.texts)
        self.problems: list[Problem] = []

    def of(self, value: Any, path: Path) -> Any:
        """The rendered value at `path`."""
        if isinstance(value, str):
            return self._text(value, path) if is_template(value) else value
        if isinstance(value, list):
            return [self.of(item, (*path, index)) for index, item in enumerate(value)]
        if isinstance(value, dict):
            return {self._key(key, path): self.of(item, (*path, key)) for key, item in value.items()}
        return value

    def _text(self, text: str, path: Path) -> Any:
        self.texts[path] = text
        try:
            return self._templates.value(text, self._names)
        except TemplateFault as fault:
            self.problems.append(Problem(fault.message, fault.mend, self._places.of_value(path)))
            return None

    def _key(self, key: str, path: Path) -> str:
        if is_template(key):
            mend = "write the file as .yaml.j2, which is rendered as text"
            place = self._places.of_key((*path, key))
            self.problems.append(Problem(f"the key `{key}` holds a template, and keys are not rendered", mend, place))
        return key


def render_file(
    text: str, file: str, templates: Templates, names: Names, findings: Findings, *, allowance: Allowance | None = None
) -> list[Document]:
    """Render a `.yaml.j2` file as text, then read it. Places are the template's lines where they can be told."""
    try:
        rendered = templates.file(text, names)
    except TemplateFault as fault:
        findings.lose([Problem(fault.message, fault.mend, Origin(file, fault.line or 1, 1))])
        return []
    return list(load_documents(rendered.text, file, findings, rendered.lines, allowance))
