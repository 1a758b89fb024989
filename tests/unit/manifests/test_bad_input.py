"""What bad input gets: each case is files and the exact text that a reader sees, in bad_input/*.yaml."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from pfa_gitops.model.errors import ProblemsFound
from pfa_gitops.views.problems import show_problems

CASES = [
    pytest.param(case, id=f"{file.stem}: {case['case']}")
    for file in sorted((Path(__file__).parent / "bad_input").glob("*.yaml"))
    for case in yaml.safe_load(file.read_text())
]


@pytest.mark.parametrize("case", CASES)
def test_bad_input_is_told_with_place_and_mend(case: dict[str, Any], read):
    with pytest.raises(ProblemsFound) as found:
        read(case["files"], case.get("environment"), environ=case.get("environ", {}))
    assert show_problems(found.value.problems, colour=False) == case["shown"].rstrip("\n")
    assert all(problem.mend for problem in found.value.problems)
