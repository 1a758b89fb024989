"""What is told of a project that is wrong has no secret in it: its messages quote what templates gave."""

import pytest

from pfa_gitops import wiring
from pfa_gitops.model.errors import ProblemsFound

SECRET, QUOTED = "Zx81-made+up-9Qv", "Zx81-made%2Bup-9Qv"
PROJECT = "apiVersion: pfa-gitops/v1\nkind: Project\nmetadata: {name: test}\nspec: {env: [DB_PASSWORD, DB_PLACE]}\n"
BLOCK = """\
apiVersion: pfa-gitops/v1
kind: Block
metadata: {name: one}
spec: {type: secret, data: {value: {from_env: DB_PLACE}}}
"""
DEPLOYMENT = """\
apiVersion: pfa-gitops/v1
kind: Deployment
metadata: {name: d}
spec: {entrypoint: "f.py:f", work_pool: "WORK_POOL"}
"""
FLOW = "from prefect import flow\n@flow\ndef f(): ...\n"
POOLS = """\
apiVersion: pfa-gitops/v1
kind: WorkPool
metadata: {name: first}
spec: {type: process, name: "${{ env.DB_PLACE }}"}
---
apiVersion: pfa-gitops/v1
kind: WorkPool
metadata: {name: second}
spec: {type: process, name: "${{ env.DB_PLACE }}"}
"""


@pytest.fixture
def told(tmp_path, monkeypatch):
    """The texts of the problems of a project."""

    def problems(files, **environment):
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        (tmp_path / "manifests").mkdir()
        (tmp_path / ".git").mkdir()
        for name, text in {"pfa-gitops.yaml": PROJECT, **files}.items():
            (tmp_path / name).write_text(text)
        with pytest.raises(ProblemsFound) as caught:
            wiring.workspace(tmp_path, None)
        said = [f"{one.origin}: {one.address}: {one.message} {one.mend}" for one in caught.value.problems]
        assert SECRET not in "".join(said)
        return said

    return problems


def deployment(work_pool):
    return {"f.py": FLOW, "manifests/d.yaml": DEPLOYMENT.replace("WORK_POOL", work_pool)}


def test_a_reference_that_leads_nowhere_is_told_without_the_secret(told):
    files = {"manifests/block.yaml": BLOCK, **deployment("${{ env.DB_PLACE }}")}
    [said] = told(files, DB_PLACE=SECRET)
    assert "manifests/d.yaml:4:" in said
    assert "no manifest declares WorkPool/(secret)" in said


def test_nor_is_one_of_a_variable_that_only_its_name_gives_away(told):
    assert "WorkPool/(secret)" in told(deployment("${{ env.DB_PASSWORD }}"), DB_PASSWORD=SECRET)[0]


@pytest.mark.parametrize("reference", ['"from_env": "DB_PLACE"', "from_env: 'DB_PLACE'", "from_env:   DB_PLACE"])
def test_a_file_that_is_no_yaml_says_what_is_secret_all_the_same(told, reference):
    files = {"manifests/b.yaml": f"data: {{{reference}}}\nx: [", **deployment("${{ env.DB_PLACE }}")}
    said = told(files, DB_PLACE=SECRET)
    assert not any(SECRET in one for one in said)


def test_two_objects_of_one_name_are_told_without_it(told):
    [said] = told({"manifests/block.yaml": BLOCK, "manifests/pools.yaml": POOLS}, DB_PLACE=SECRET)
    assert "are the same WorkPool `(secret)`" in said


def test_a_secret_as_urls_write_it_is_not_told(told):
    files = {"manifests/block.yaml": BLOCK, **deployment("p-${{ env.DB_PLACE | urlencode }}")}
    [said] = told(files, DB_PLACE=SECRET)
    assert QUOTED not in said
    assert "manifests/d.yaml:4:" in said
    assert "cannot be told without the secret from_env DB_PLACE" in said


def test_a_value_that_is_no_secret_is_told(told):
    assert "WorkPool/blue-pool-9" in told(deployment("${{ env.DB_PLACE }}"), DB_PLACE="blue-pool-9")[0]


def test_the_environment_of_a_policy_is_told_without_it(told):
    policy = '{name: a, when: "true", message: m, environments: ["${{ env.DB_PLACE }}"]}'
    text = PROJECT.replace("]}\n", f"], policies: [{policy}]}}\n")
    files = {"manifests/block.yaml": BLOCK, "pfa-gitops.yaml": text}
    assert "there is no environment `(secret)`" in told(files, DB_PLACE=SECRET)[0]


def test_a_policy_that_holds_a_secret_is_a_problem(told):
    policy = """{name: a, when: "change.name == '${{ env.DB_PLACE }}'", message: m}"""
    text = PROJECT.replace("]}\n", f"], policies: [{policy}]}}\n")
    [said] = told({"manifests/block.yaml": BLOCK, "pfa-gitops.yaml": text}, DB_PLACE=SECRET)
    assert "a policy holds the secret from_env DB_PLACE in clear" in said


def test_what_cel_says_of_a_policy_is_told_without_it(told):
    policy = '{name: a, when: "${{ env.DB_PLACE }}", message: m}'
    text = PROJECT.replace("]}\n", f"], policies: [{policy}]}}\n")
    files = {"manifests/block.yaml": BLOCK, "pfa-gitops.yaml": text}
    said = "".join(told(files, DB_PLACE="Zx81_made_up_9Qv"))
    assert "undeclared reference to '(secret)'" in said
    assert "Zx81_made_up_9Qv" not in said


@pytest.mark.parametrize("name", ["CI_JOB_TOKEN", "CI_REGISTRY_PASSWORD", "CI_DEPLOY_PASSWORD", "SYSTEM_ACCESSTOKEN"])
def test_what_ci_logs_in_with_is_read_by_no_template(told, name):
    said = told(deployment("${{ env.NAME }}".replace("NAME", name)), **{name: SECRET})
    assert f"a template cannot read the secret {name}" in said[0]
