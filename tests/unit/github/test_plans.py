"""What the action makes of a plan: of a stranger's, of one that is denied, of one that was broken off."""

import pytest

from pfa_gitops.github import plans
from pfa_gitops.github.inputs import Inputs
from pfa_gitops.github.step import Step
from pfa_gitops.github.surroundings import PullRequest, Surroundings
from pfa_gitops.platforms.secret_stores import APART

HEAD = "a" * 40
PROJECT = "apiVersion: pfa-gitops/v1\nkind: Project\nmetadata: {name: shop}\nspec: {environments: {prod: CONNECTION}}\n"
VARIABLE = "apiVersion: pfa-gitops/v1\nkind: Variable\nmetadata: {name: v}\nspec: {value: 1}\n"
NOWHERE = "{prefect: {api_url: http://127.0.0.1:9/api}}"


@pytest.fixture
def stranger(tmp_path, monkeypatch):
    """A step in a checkout of a fork's pull request, whose connection and arguments a test chooses."""
    for name in ("PREFECT_API_URL", "PREFECT_API_KEY", "PREFECT_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(APART, "true")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary"))
    (tmp_path / "manifests").mkdir()
    (tmp_path / "manifests" / "v.yaml").write_text(VARIABLE)
    monkeypatch.chdir(tmp_path)

    def step(connection, *arguments):
        (tmp_path / "pfa-gitops.yaml").write_text(PROJECT.replace("CONNECTION", connection))
        pull = PullRequest(7, HEAD, is_strange=True)
        here = Surroundings("acme/flows", "", "", "https://github.example/1", "pull_request", "d" * 40, "", pull)
        asked = Inputs("plan", tmp_path, "prod", True, False, arguments, "label")
        return Step(asked, here, "", tmp_path / "temporary")

    return step


def summary(tmp_path):
    return (tmp_path / "summary").read_text()


@pytest.mark.parametrize("connection", ["{}", "{prefect: {profile: ours}}", "{prefect: {api_key: {from_env: KEY}}}"])
def test_what_a_stranger_does_not_get_fails_no_check(stranger, tmp_path, connection):
    assert plans.plan(stranger(connection, "--detailed-exitcode")) == 0
    assert "valid, not planned" in summary(tmp_path)


def test_a_strangers_plan_that_fails_otherwise_fails_its_check(stranger, tmp_path, capsys):
    assert plans.plan(stranger(NOWHERE)) == 4
    assert "failed" in summary(tmp_path)
    assert "nothing answers" in summary(tmp_path).replace("`", "")
    assert "::error title=pfa-gitops plan::" in capsys.readouterr().out
