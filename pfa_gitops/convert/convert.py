"""One file → a Conversion: the manifests that are right, the project that they need, the remarks."""

from collections.abc import Callable
from pathlib import Path as FilePath
from typing import Any

from pfa_gitops.convert.check import without_faults
from pfa_gitops.convert.prefect_yaml import convert_prefect_yaml
from pfa_gitops.convert.values import Conversion, Made, Report, manifest, manifest_name
from pfa_gitops.manifests.load import PROJECT_FILE
from pfa_gitops.manifests.project import KIND as PROJECT
from pfa_gitops.manifests.validate import Kinds

Reader = Callable[[str, FilePath, FilePath, Report], tuple[str, list[Made]]]
"""What reads one sort of file: its text, its path, the output's folder, and where to note what. The project's name and
the manifests come back. Raises ProblemsFound where it is no such file."""


def convert(
    text: str, file: FilePath, output: FilePath, kinds: Kinds, reader: Reader = convert_prefect_yaml
) -> Conversion:
    """Convert a file's text for a project in `output`. Raises ProblemsFound where it is no such file."""
    report = Report()
    name, made = reader(text, file, output, report)
    right = without_faults(made, kinds, output, report)
    outside = report.refers - {_referred(one) for one in right}
    return Conversion(tuple(right), project_document(name, report, outside), report.remarks)


def project_document(name: str, report: Report, external: set[str]) -> dict[str, Any]:
    """The least that a project must say so that the manifests are valid in it."""
    needs = {"vars": report.vars, "env": sorted(report.env), "external": sorted(external)}
    return manifest(PROJECT, manifest_name(name), {key: value for key, value in needs.items() if value})


def _referred(one: Made) -> str:
    """What references read: a block is known by its type, too."""
    name = one.spec.get("name", one.address.name)
    return f"Block/{one.spec['type']}/{name}" if one.address.kind == "Block" else f"{one.address.kind}/{name}"


def files(conversion: Conversion) -> dict[str, dict[str, Any]]:
    """The documents by the path of the file that holds each, the project's first."""
    found: dict[str, dict[str, Any]] = {PROJECT_FILE: dict(conversion.project)}
    taken: set[str] = set()
    for one in conversion.manifests:
        kind = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in one.address.kind).lstrip("_")
        found[_free(f"manifests/{kind}s/{one.address.name.replace(' ', '-')}", taken)] = one.document
    return found


def _free(place: str, taken: set[str]) -> str:
    """A file of its own, also where upper and lower case are one."""
    chosen, number = place, 2
    while chosen.lower() in taken:
        chosen, number = f"{place}-{number}", number + 1
    taken.add(chosen.lower())
    return f"{chosen}.yaml"
