"""Holds a manifest against what is read of its text. Pure."""

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import BaseModel

from pfa_gitops.convert.emit import document_text
from pfa_gitops.convert.values import Made, Report, Sort
from pfa_gitops.engine.diff import same
from pfa_gitops.manifests.document import Document
from pfa_gitops.manifests.yaml_documents import read_documents
from pfa_gitops.manifests.yaml_nodes import MAX_DEPTH

ROOM = 5
"""Levels that a manifest has around a value."""


def is_too_deep(value: Any) -> bool:
    """Whether a value is nested deeper than a manifest may be. Goes level by level, as recursion would not do here."""
    level = [value]
    for _ in range(MAX_DEPTH - ROOM):
        level = [item for one in level for item in _inside(one)]
        if not level:
            return False
    return True


def _inside(value: Any) -> Iterable[Any]:
    if isinstance(value, BaseModel):
        return vars(value).values()
    return value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()


def legible(made: Iterable[Made], report: Report) -> list[Made]:
    """Those whose text is read as what they say; the others are told."""
    return [one for one in made if _is_legible(one, report)]


def _is_legible(one: Made, report: Report) -> bool:
    found = list(read_documents(document_text(one.document), str(one.address)))
    if len(found) == 1 and isinstance(found[0], Document) and same(found[0].value, one.document):
        return True
    message = "its values cannot be written so that they are read again as what they are"
    report.note(Sort.REFUSED, message, "write its manifest by hand", None, one.address)
    return False
