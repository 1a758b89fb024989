"""Holds the manifests that were made against their kinds, as `validate` would. Reads what `Kind.complete` reads."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path as FilePath
from typing import Any

from pfa_gitops.convert.values import Made, Report, Sort
from pfa_gitops.manifests.document import Document, Places
from pfa_gitops.manifests.findings import Findings
from pfa_gitops.manifests.names import EnvironmentVariables, Git, Names
from pfa_gitops.manifests.parse import parse
from pfa_gitops.manifests.render import render_documents
from pfa_gitops.manifests.templates import Templates, is_template
from pfa_gitops.manifests.validate import Kinds, validate
from pfa_gitops.model.places import Origin, Path

STAND_IN = "x"
"""What a template gives here, as nobody knows yet what it will give."""


def without_faults(made: Sequence[Made], kinds: Kinds, root: FilePath, report: Report) -> list[Made]:
    """The manifests that are right. The others are told, at the place in the file that they were made of."""
    findings = Findings()
    documents = [_document(one) for one in made]
    rendered = render_documents(documents, Templates(), _names(report), findings)
    validate(parse(rendered, kinds, findings), kinds, root, findings)
    unsure = {origin for document in documents for origin in _template_places(document)}
    sure = [problem for problem in findings.problems if problem.origin not in unsure]
    report.take(Sort.REFUSED, sure)
    wrong = {problem.address for problem in sure}
    for one in made:
        if one.needs in wrong and one.address not in wrong:
            message = f"{one.address} needs {one.needs}, which is not converted"
            report.note(Sort.REFUSED, message, f"mend {one.needs} first", one.origins.get(()), one.address)
            wrong.add(one.address)
    report.forget(wrong)
    return [one for one in made if one.address not in wrong]


def _document(made: Made) -> Document:
    values: dict[Path, Origin] = {("spec", *path): origin for path, origin in made.origins.items()}
    if (whole := made.origins.get(())) is not None:
        values[()] = values["metadata", "name"] = whole
    return Document(whole.file if whole else "", made.document, Places(values))


def _names(report: Report) -> Names:
    env = dict.fromkeys(report.env, STAND_IN)
    git = Git(dict.fromkeys(("commit", "short_commit", "branch", "tag", "dirty"), STAND_IN))
    variables: Mapping[str, Any] = report.vars
    return Names(variables, EnvironmentVariables(env, None), "default", git, {"name": STAND_IN, "directory": STAND_IN})


def _template_places(document: Document) -> Iterable[Origin]:
    """Where values are written of which a template says what they are."""
    for path in _templates(document.value, ()):
        if (origin := document.places.of_value(path)) is not None and len(path) > 1:
            yield origin


def _templates(value: Any, path: Path) -> Iterable[Path]:
    if isinstance(value, str) and is_template(value):
        yield path
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in pairs:
        yield from _templates(item, (*path, key))
