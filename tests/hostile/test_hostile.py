"""Projects of people who mean harm: nothing of them runs, hangs, leaks, or speaks to a terminal or to CI.

A case is an entry of a data file in `cases/`; `support.hostile` says how it is written and what holds for all.
"""

import json
from xml.etree import ElementTree

import pytest
from support.hostile import Case, cases, run, write


def names(case: Case) -> str:
    return case.name


def judge(children, case, base):
    """Both commands that ask no server agree on a project, as text and as JSON."""
    folder = write(case, base)
    validated = run(children, folder, case, "validate")
    assert validated.code == case.exit, validated.said[-3000:]
    for text in case.says:
        assert text in validated.said, validated.said[-3000:]
    rendered = run(children, folder, case, "render", "--format", "json")
    assert rendered.code == case.exit
    if case.exit == 0:
        json.loads(rendered.stdout)
        ElementTree.fromstring(run(children, folder, case, "graph", "--format", "svg").stdout)
    elif len(case.name) % 4 == 0:
        ElementTree.fromstring(run(children, folder, case, "validate", "--format", "junit").stdout)
    return folder


@pytest.mark.parametrize("case", list(cases(slow=False)), ids=names)
def test_a_hostile_project(children, tmp_path, case):
    judge(children, case, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("case", list(cases(slow=True)), ids=names)
def test_a_hostile_project_that_takes_its_time(children, tmp_path, case):
    judge(children, case, tmp_path)
