"""Whatever stands in a field, a reader gets problems: each field of each kind gets each sort of junk.

The documents are those of the example that leaves no field out. Junk is what YAML and templates can give.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from pfa_gitops.manifests.choose import read_project
from pfa_gitops.manifests.document import Document
from pfa_gitops.manifests.findings import Findings
from pfa_gitops.manifests.link import link
from pfa_gitops.manifests.load import load_documents
from pfa_gitops.manifests.overlay import Setting, applies_elsewhere, overlay
from pfa_gitops.manifests.override import KIND as OVERRIDE
from pfa_gitops.manifests.parse import parse
from pfa_gitops.manifests.project import KIND as PROJECT
from pfa_gitops.manifests.render import render_file
from pfa_gitops.manifests.templates import Templates
from pfa_gitops.manifests.validate import validate
from pfa_gitops.model.defects import defect
from pfa_gitops.model.errors import ProblemsFound
from pfa_gitops.model.places import Path as Place
from pfa_gitops.model.places import show_path
from pfa_gitops.platforms.registry import kinds
from pfa_gitops.views.json import manifests_json
from pfa_gitops.views.problems import show_problems

ROOT = Path(__file__).parents[3] / "examples" / "all-kinds"
ENVIRON = {"PROD_PREFECT_API_URL": "https://prefect.example.com/api"}
KINDS = kinds()
SETTING = Setting({*KINDS}, ("dev", "prod"), "prod", datetime(2026, 1, 1, tzinfo=UTC))
JUNK: tuple[Any, ...] = (
    *(None, True, 0, -1, 1.5, 1e308, -1e308, 10**400),
    *("", " ", "x", "é", "\0", "\n", "a" * 300, "!", "[z-a]", "\\", "..", "/", "~", "{{ x }}", "{{", "%s", "{}"),
    *("http://[", "http://x:port", "//[x", "s3://", "a:b:c", ":", "a/b/c", "${{ x }}"),
    *("2024-01-01", "0000-01-01", "9999-12-31T23:59:59-14:00", "P1D", "1h", "99999999999w", "9" * 400 + "s", "1e999"),
    *("FREQ=DAILY", "FREQ=DAILY;COUNT=" + "9" * 30, "DTSTART:1\n", "* * * * *", "*/0 * * * *", "Europe", "../x"),
    *([], [None], ["x"], ["\0"], [[1]], [{}], [{"name": 1}], [{"name": "a"}, {"name": "a"}]),
    *({}, {"": 1}, {"a": None}, {"a": {"b": [1]}}, {"name": None}, {"$ref": "#/x"}, {"type": []}, {"anyOf": 1}),
    *({"from_env": None}, {"from_env": "A"}, {"from_file": "\0"}, {"from_aws_secret": {}}, {"from_env": {"a": 1}}),
)

THOROUGH = pytest.mark.parametrize("thorough", [False, pytest.param(True, marks=pytest.mark.slow)], ids=["some", "all"])
"""All junk in each place in the slow suite; else a fourth of it, another fourth from place to place."""


def example() -> list[Document]:
    """The documents of the example, as they stand."""
    findings, documents = Findings(), []
    for file in sorted(ROOT.rglob("*.yaml")):
        documents += load_documents(file.read_text(), str(file), findings)
    [project] = [document for document in documents if document.kind == PROJECT]
    chosen = read_project(project, ROOT, "prod", ENVIRON, git={}, templates=Templates())
    for file in sorted(ROOT.rglob("*.j2")):
        documents += render_file(file.read_text(), str(file), Templates(), chosen.names, findings)
    assert findings.problems == []
    return documents


DOCUMENTS = example()


def places(value: Any, place: Place = ()) -> Iterator[Place]:
    """Every place in a value, its own too."""
    yield place
    for key, item in enumerate(value) if isinstance(value, list) else value.items() if isinstance(value, dict) else ():
        yield from places(item, (*place, key))


def put(value: Any, place: Place, junk: Any) -> Any:
    """A copy of `value` with junk at a place."""
    if not place:
        return junk
    copy = value.copy()
    copy[place[0]] = put(value[place[0]], place[1:], junk)
    return copy


def read_manifest(document: Document) -> None:
    """The way from a document to what is shown of it. The override is laid over the deployments."""
    findings = Findings()
    beside = [other for other in DOCUMENTS if document.kind == OVERRIDE and other.kind == "Deployment"]
    here = [found for found in (document, *beside) if not applies_elsewhere(found, "prod", SETTING.environments)]
    patched = overlay(parse(here, {*KINDS, OVERRIDE}, findings), SETTING, findings)
    manifests = link(validate(patched, KINDS, ROOT, findings), [], findings)
    show_problems(findings.problems, colour=False)
    manifests_json(manifests)


def read_project_file(document: Document) -> None:
    """The project as each of its environments."""
    for environment in SETTING.environments:
        try:
            read_project(document, ROOT, environment, ENVIRON, git={}, templates=Templates())
        except ProblemsFound as found:
            show_problems(found.problems, colour=False)


@THOROUGH
@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: str(document.address))
def test_no_junk_in_any_field_is_a_defect(document, thorough):
    read = read_project_file if document.kind == PROJECT else read_manifest
    read(document)
    defects = []
    for number, place in enumerate(places(document.value)):
        if place[:1] in {(), ("kind",)}:  # by its kind it is known which document it is
            continue
        for junk in JUNK if thorough else JUNK[number % 4 :: 4]:
            try:
                read(replace(document, value=put(document.value, place, junk)))
            except Exception as error:
                defects.append(f"{show_path(place)}: {junk!r:.60}: {defect(error)}")
    assert defects == []
