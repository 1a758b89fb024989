"""A conversion as text and as JSON. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pfa_gitops.model.errors import Problem
from pfa_gitops.views.problems import problem_json, show_problem, sorted_problems

FORMAT = "pfa-gitops/conversion/v1"
EXPORT_FORMAT = "pfa-gitops/export/v1"
HEADINGS: Mapping[str, str] = {
    "refused": "Not converted",
    "lost": "Not carried over",
    "open": "For you to fill in or to do",
    "changed": "Carried over in other words",
}
"""By what a remark asks of the reader, in the order in which they are shown."""

Remarks = Sequence[tuple[str, Problem]]
"""What each asks of the reader, and what it says."""


def show_remarks(remarks: Remarks, colour: bool, refused: str = HEADINGS["refused"]) -> str:
    """The remarks, those that cost most first. `refused` stands above what no manifest was made of."""
    parts = []
    for sort, heading in {**HEADINGS, "refused": refused}.items():
        if found := sorted_problems(problem for name, problem in remarks if name == sort):
            parts.append("\n".join([f"{heading} ({len(found)}):", *(show_problem(one, colour) for one in found)]))
    return "\n\n".join(parts)


def conversion_json(
    manifests: Iterable[Mapping[str, Any]],
    project: Mapping[str, Any],
    remarks: Remarks,
    files: Sequence[str],
    form: str = FORMAT,
) -> dict[str, Any]:
    """The manifests, the project that they need, the files that were written, the remarks."""
    return {
        "format": form,
        "project": dict(project),
        "manifests": [dict(manifest) for manifest in manifests],
        "files": list(files),
        "remarks": [
            {"sort": sort, **problem_json(problem)}
            for sort in HEADINGS
            for problem in sorted_problems(problem for name, problem in remarks if name == sort)
        ],
    }
