"""Holds exported manifests against each other and the project's: every reference must lead somewhere. Pure."""

import re
from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import Any

from pfa_gitops.convert.values import Report, Sort
from pfa_gitops.manifests.findings import Findings
from pfa_gitops.manifests.link import Index, link
from pfa_gitops.model.places import Address
from pfa_gitops.model.references import RefTo, mentions
from pfa_gitops.model.values import Manifest


def linked(
    manifests: Sequence[Manifest[Any]], declared: Sequence[Manifest[Any]], external: Sequence[str], report: Report
) -> set[Address]:
    """Note what the project must call external. Returns those whose references cannot be right, which is told."""
    index = Index([*declared, *manifests])
    for manifest in manifests:
        report.refers |= _outside(manifest, index, external)
    findings = Findings()
    link([*declared, *manifests], [*external, *report.refers], findings)
    report.take(Sort.REFUSED, findings.problems)
    return {problem.address for problem in findings.problems if problem.address is not None}


def _outside(manifest: Manifest[Any], index: Index, external: Sequence[str]) -> set[str]:
    """The objects that it names, that nobody declares, and that must be called external."""
    found = set()
    for mention in mentions(manifest.spec):
        marker = mention.marker
        if not isinstance(marker, RefTo) or marker.optional:
            continue
        match = re.fullmatch(marker.pattern, mention.text)
        if match is None or index.find(marker.kind, match["name"]) is not None:
            continue
        address = str(Address(marker.kind, match["name"]))
        if not any(fnmatchcase(address, pattern) for pattern in external):
            found.add(address)
    return found
