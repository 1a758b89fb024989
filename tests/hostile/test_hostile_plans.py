"""What is right in a hostile project is planned against a real server: no secret shows, no file without end is read.

Plans of all cases that validate; those with another outcome say so in their data.
"""

import json

import pytest
from support.hostile import cases, run, write

CASES = [case for case in cases(slow=False) if case.exit == 0]
MARKED = [pytest.param(case, id=case.name, marks=[pytest.mark.slow] if n % 3 else []) for n, case in enumerate(CASES)]
"""Two of three in the slow suite: what is wrong in a project, `validate` finds, and that runs for all."""


@pytest.mark.parametrize("case", MARKED)
def test_a_plan_of_a_hostile_project(children, prefect_server, tmp_path, case):
    folder = write(case, tmp_path)
    environment = {name: value for name, value in prefect_server.environment.items() if name != "PREFECT_HOME"}
    planned = run(children, folder, case, "plan", **environment)
    assert planned.code == case.plan, planned.said[-3000:]
    for text in case.plan_says:
        assert text in planned.said
    document = run(children, folder, case, "plan", "--format", "json", **environment)
    assert document.code == case.plan
    reviewed = run(children, folder, case, "plan", "--format", ("markdown", "html")[len(case.name) % 2], **environment)
    assert reviewed.code == case.plan
    assert reviewed.stdout.startswith(("<!-- pfa-gitops: ", "<!DOCTYPE html>")) == (case.plan == 0)
    if case.plan == 0:
        assert json.loads(document.stdout)["summary"]["create"] > 0
