"""Converts a text, and finds its way in what came of it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from pfa_gitops.convert.convert import convert
from pfa_gitops.convert.prefect_yaml import convert_prefect_yaml
from pfa_gitops.convert.values import Conversion
from pfa_gitops.platforms.registry import kinds


@dataclass(frozen=True)
class Converted:
    """A conversion, as tests ask for it."""

    conversion: Conversion

    @property
    def specs(self) -> dict[str, Any]:
        return {str(one.address): dict(one.spec) for one in self.conversion.manifests}

    @property
    def spec(self) -> dict[str, Any]:
        [spec] = self.specs.values()
        return spec

    @property
    def project(self) -> dict[str, Any]:
        return self.conversion.project.get("spec", {})

    def said(self, sort: str) -> list[str]:
        """What was noted of a sort, each with its line."""
        found = [problem for kind, problem in self.conversion.remarks if kind == sort]
        return [f"{problem.origin.line if problem.origin else 0}: {problem.message}" for problem in found]


@pytest.fixture
def converted(tmp_path):
    def convert_text(text: str, reader=convert_prefect_yaml, file: str = "prefect.yaml", output: Path | None = None):
        return Converted(convert(text, tmp_path / file, output or tmp_path, kinds(), reader))

    return convert_text


HEAD = "name: p\npull: []\ndeployments:\n- name: d\n  entrypoint: f.py:my_flow\n  work_pool: {name: w}\n"


@pytest.fixture
def deployment(converted):
    """Converts one deployment with more fields, which begin in line 7."""

    def with_fields(fields: str, top: str = ""):
        indented = "".join(f"  {line}\n" for line in fields.splitlines())
        return converted(HEAD + indented + top)

    return with_fields
