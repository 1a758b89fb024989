"""Documents → drafts: what each document says it is. Does not look into the spec. No I/O."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from pfa_gitops.manifests.document import Document, Places
from pfa_gitops.manifests.envelope import Envelope, Metadata
from pfa_gitops.manifests.findings import Findings
from pfa_gitops.manifests.misfits import Misfits
from pfa_gitops.manifests.project import KIND as PROJECT
from pfa_gitops.model.closest import did_you_mean
from pfa_gitops.model.errors import Problem
from pfa_gitops.model.places import Address, Path


@dataclass(frozen=True)
class Draft:
    """A manifest whose spec is still as it was written."""

    document: Document
    address: Address
    metadata: Metadata
    spec: Mapping[str, Any]
    places: Places
    """Of the whole document; the spec's values stand below `spec`."""

    def problem(self, path: Path, message: str, mend: str) -> Problem:
        """What is wrong at `path` in the document."""
        return Problem(message, mend, self.places.of_value(path), self.address)


def parse(documents: Iterable[Document], known: Collection[str], findings: Findings) -> list[Draft]:
    """Check each document's envelope, and that no address is there twice."""
    drafts: dict[Address, Draft] = {}
    for document in documents:
        draft = _draft(document, known, findings)
        if draft is None:
            continue
        if (first := drafts.get(draft.address)) is not None:
            message = (
                f"{draft.address} is declared twice; the first is in {first.places.of_value(('metadata', 'name'))}"
            )
            findings.add([draft.problem(("metadata", "name"), message, "rename one, or remove it")])
            continue
        drafts[draft.address] = draft
    return list(drafts.values())


def _draft(document: Document, known: Collection[str], findings: Findings) -> Draft | None:
    if problem := _unknown_kind(document, known):
        findings.drop(document, [problem])
        return None
    try:
        envelope = Envelope.model_validate(_without_empty_spec(document.value))
    except ValidationError as error:
        misfits = Misfits(Envelope, document.value, (), document.places, document.address)
        findings.drop(document, misfits.problems(error))
        return None
    address = Address(envelope.kind, envelope.metadata.name)
    return Draft(document, address, envelope.metadata, envelope.spec, document.places)


def _unknown_kind(document: Document, known: Collection[str]) -> Problem | None:
    if not isinstance(document.value, dict):
        mend = "a document is a mapping: apiVersion, kind, metadata, spec"
        return Problem("the document is no manifest", mend, document.origin)
    kind, origin = document.kind, document.places.of_value(("kind",))
    if kind == PROJECT:
        return Problem("a Project stands in pfa-gitops.yaml only, and once", "move or remove it", origin)
    if kind is None or kind in known:
        return None
    return Problem(f"there is no kind `{kind}`", did_you_mean(kind, known), origin, document.address)


def _without_empty_spec(value: Mapping[str, Any]) -> Mapping[str, Any]:
    """`spec:` with nothing after it is an empty spec."""
    return {key: item for key, item in value.items() if key != "spec" or item is not None}
