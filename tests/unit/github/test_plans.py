"""What the action makes of a plan: of a stranger's, of one that is denied, of one that was broken off."""

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from support.github import REPOSITORY, ROBOT, TOKEN
from support.sample_plans import PLAN

from pfa_gitops.github import plans
from pfa_gitops.github.inputs import Inputs
from pfa_gitops.github.step import Step
from pfa_gitops.github.surroundings import PullRequest, Surroundings
from pfa_gitops.github.verdicts import said_of
from pfa_gitops.github.workflow_commands import annotation
from pfa_gitops.platforms.secret_stores import APART
from pfa_gitops.views.json import plan_json

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
        here = Surroundings("acme/flows", "", "", "https://github.example/1", "pull_request", "d" * 40, "", pull, "")
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


def test_what_policies_and_limits_say_is_shown_with_its_reason():
    denials, warnings = said_of(plan_json(PLAN))
    shown = [annotation(problem, Path(), "t") for problem in denials]
    assert shown == [
        "::error title=t::Deployment/old: denied by the policy no-deletes: ask the owners first%0A"
        "no flag overrules a policy"
    ]
    told = [annotation(problem, Path(), "t", "warning") for problem in warnings]
    assert any("told by the policy big-heads" in line for line in told)
    assert all(line.startswith("::warning title=t::") for line in told)
    assert any("max_deletes" in line and "--ignore-limits" in line for line in told)


def test_a_plan_that_is_broken_off_tells_nothing(stranger, tmp_path, server):
    """As GitHub does where a newer commit cancels the job: what an earlier attempt told stays."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        stranger(f"{{prefect: {{api_url: 'http://127.0.0.1:{silent.getsockname()[1]}/api'}}}}")
        told = server.add_comment(7, "<!-- pfa-gitops: shop/prod -->\nan earlier attempt", ROBOT)
        (tmp_path / "event").write_text(
            json.dumps({"pull_request": {"number": 7, "head": {"sha": HEAD, "repo": {"full_name": REPOSITORY}}}})
        )
        variables = {
            "GITHUB_API_URL": server.url,
            "GITHUB_EVENT_NAME": "pull_request",
            "GITHUB_EVENT_PATH": str(tmp_path / "event"),
            "GITHUB_REPOSITORY": REPOSITORY,
            "GITHUB_SHA": "d" * 40,
            "GITHUB_TOKEN": TOKEN,
            "PFA_ENVIRONMENT": "prod",
            "RUNNER_TEMP": str(tmp_path / "temp"),
        }
        environ = {name: value for name, value in os.environ.items() if name != APART} | variables
        program = [sys.executable, "-m", "pfa_gitops.github", "run"]
        with subprocess.Popen(program, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as job:
            silent.settimeout(300)
            asked, _ = silent.accept()
            job.send_signal(signal.SIGINT)
            log = job.communicate(timeout=300)[0]
            asked.close()
    assert job.returncode == 130, log
    assert "Traceback" not in log
    assert told["body"].endswith("an earlier attempt")
    assert server.writes == []
    assert not (tmp_path / "summary").exists()
