"""What a single run may be given, held against a deployment and a pool as a server tells them."""

import httpx
import pytest
from support.prefect_transport import run

from pfa_gitops.model.errors import ProblemsFound
from pfa_gitops.platforms.prefect._run_checks import check_given
from pfa_gitops.platforms.prefect._runner_documents import runner_documents

SCHEMA = {
    "title": "Parameters",
    "properties": {"n": {"type": "integer"}, "name": {"type": "string"}},
    "required": ["n", "name"],
}
POOL = {"name": "p", "type": "anyscale", "base_job_template": runner_documents()["base_job_template"]}


def problems(given=None, job_variables=None, **deployment):
    """The messages, and the mends, of what is wrong with a run of a deployment on a pool of the runner's type."""
    found = {"parameter_openapi_schema": SCHEMA, "enforce_parameter_schema": True, "parameters": {"n": 1, "name": "x"}}
    found |= {"work_pool_name": "p", **deployment}

    def answer(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json=POOL)

    try:
        run(answer, lambda client: check_given(client, found, given or {}, job_variables or {}))
    except ProblemsFound as error:
        return [f"{problem.message}: {problem.mend}" for problem in error.problems]
    return []


def test_what_fits_is_no_problem():
    variables = {"compute_config": "big", "env": {"A": "1"}, "command": "ls", "max_retries": 2}
    assert problems({"n": 3}, variables) == []


def test_all_that_is_wrong_is_told_together():
    told = problems({"nn": 3, "name": 4}, {"compute_cnfig": "x"})
    assert [text.partition(":")[0] for text in told] == [
        "the flow has no parameter `nn`",
        "a number is not what `name` takes",
        "the work pool p has no job variable `compute_cnfig`",
    ]


def test_a_parameter_that_nothing_sets_is_missed():
    [told] = problems({"name": "x"}, parameters={})
    assert told == "the run would lack the parameter `n`: add --param n=VALUE"


def test_a_deployment_that_does_not_enforce_its_schema_takes_any_parameter():
    assert problems({"any": 1}, enforce_parameter_schema=False) == []


@pytest.mark.parametrize(
    ("variables", "text"),
    [
        ({"max_retries": -1}, "`max_retries"),
        ({"env": {"PREFECT_API_KEY": "hunter2"}}, "PREFECT_API_KEY stands in clear"),
        ({"env": {"A": "{{ prefect.blocks.secret.x }}"}}, "the worker would put the secret x in clear"),
    ],
)
def test_the_rules_of_infra_overrides_hold_for_a_runs_job_variables(variables, text):
    told = problems(job_variables=variables)
    assert text in told[0]
    assert "hunter2" not in "".join(told)


def test_job_variables_mean_nothing_without_a_pool():
    [told] = problems(job_variables={"env": {}}, work_pool_name=None)
    assert told.startswith("the deployment has no work pool")
