"""The action from the pull request to the apply: its own YAML, real commands, real servers, a stand-in for GitHub."""

import json
import shutil
import subprocess
import uuid
from pathlib import Path

import pytest
import yaml
from support.action_runner import ACTION, Job
from support.github import FORK, PERSON, READ_ONLY, REPOSITORY, ROBOT, TOKEN, github_stand_in
from support.pull_request import HEADS, MERGE, PROJECT, SECRET, World

EXAMPLE = Path(__file__).parents[2] / "examples" / "github"


def variable(name: str, value: str) -> str:
    return f"---\napiVersion: pfa-gitops/v1\nkind: Variable\nmetadata: {{name: {name}}}\nspec: {{value: {value}}}\n"


@pytest.fixture
def world(tmp_path, prefect_server):
    """Pull request 7 of a repository."""
    name = f"act{uuid.uuid4().hex[:8]}"
    (tmp_path / "workspace" / "deploy" / "manifests").mkdir(parents=True)
    (tmp_path / "workspace" / "deploy" / "pfa-gitops.yaml").write_text(PROJECT.replace("NAME", name))
    subprocess.run(["git", "init", "-q", str(tmp_path / "workspace")], check=True)
    with github_stand_in() as github:
        found = World(tmp_path, github, dict(prefect_server.environment), name)
        yield found
        for job in found.jobs:
            assert SECRET not in job.log + job.summary
            assert TOKEN not in job.log + job.summary
            assert "Traceback" not in job.log


def live(server, name):
    found = server.post("/variables/filter", {"variables": {"name": {"any_": [name]}}})
    return [item["value"] for item in found]


def test_a_pull_request_from_the_first_plan_to_the_report(world, prefect_server):
    one, other = f"{world.name}-one", f"{world.name}-other"
    world.github.add_comment(7, f"<!-- pfa-gitops: {world.name}/prod -->\nquoted by a person", PERSON)
    world.write(variable(one, "1"))
    first = world.plan(HEADS[0])
    [comment] = [found for found in world.github.comments if found["user"] != PERSON]
    assert comment["body"].splitlines()[0] == f"<!-- pfa-gitops: {world.name}/prod -->"
    assert one in comment["body"]
    assert "/actions/runs/4711" in comment["body"]
    assert f"`{HEADS[0][:12]}`" in comment["body"]
    assert one in first.summary
    assert first.outputs["changes"] == "true"
    assert first.outputs["comment-url"] == comment["html_url"]
    assert [str(call).split("/")[0] for call in world.github.writes] == ["POST "]

    world.write(variable(one, "1") + variable(other, "2"))
    world.plan(HEADS[1])
    assert [found["id"] for found in world.github.comments if found["user"] != PERSON] == [comment["id"]]
    assert other in comment["body"]
    assert [call.method for call in world.github.writes] == ["POST", "PATCH"]
    assert len(world.artifacts) == 2
    saved = "".join(file.read_text() for folder in world.artifacts.values() for file in folder.iterdir())
    assert SECRET not in saved

    world.github.add_pull(7, HEADS[1], MERGE)
    applied = world.apply()
    assert [live(prefect_server, name) for name in (one, other)] == [[1], [2]]
    report = world.github.comments[-1]
    assert report["body"].startswith(f"<!-- pfa-gitops apply: {world.name}/prod -->\n### Apply for")
    assert f"Variable/{one}" in report["body"]
    assert f"`{MERGE[:12]}`" in report["body"]
    assert "Apply for" in applied.summary
    [kept] = [folder for name, folder in world.artifacts.items() if name.startswith("pfa-gitops-apply-")]
    assert sorted(file.name for file in kept.iterdir()) == ["apply.json", "apply.md"]

    calls = len(world.github.writes)
    world.apply()  # a job that is run again
    assert [call.method for call in world.github.writes[calls:]] == ["PATCH"]
    assert len(world.github.comments) == 3

    settled = world.plan(HEADS[2])
    text = comment["body"].strip().splitlines()
    assert len(text) == 2
    assert "nothing to change" in text[1]
    assert settled.outputs["changes"] == "false"

    ran = {name for job in world.jobs for name in job.ran}
    assert ran == {step["name"] for step in ACTION["runs"]["steps"]} - {"Set up Python"}


def test_a_problem_is_shown_at_its_line_and_the_comment_is_mended_with_it(world):
    world.write(
        variable(f"{world.name}-x", "1") + "---\napiVersion: pfa-gitops/v1\nkind: Varable\nmetadata: {name: y}\n"
    )
    job = world.plan(HEADS[0], code=1)
    assert "::error file=deploy/manifests/all.yaml,line=8,col=7,title=pfa-gitops plan::" in job.log
    [comment] = world.github.comments
    assert comment["body"].splitlines()[0] == f"<!-- pfa-gitops: {world.name}/prod -->"
    assert "`manifests/all.yaml:8:7`" in comment["body"]
    assert "Varable" in job.summary
    assert world.artifacts == {}

    world.write(variable(f"{world.name}-x", "1"))
    world.plan(HEADS[1])
    assert world.github.comments == [comment]
    assert "failed" not in comment["body"]


def test_a_fork_gets_validate_and_a_plan_without_secrets(world, prefect_server):
    name = f"{world.name}-v"
    world.write(variable(name, "\"${{ env.PFA_TEST_KEY | default('none') }}\""))
    job = world.plan(HEADS[0], source="stranger/flows", token=READ_ONLY)
    assert f"Variable/{name}" in job.summary
    assert "none" in job.summary
    assert world.github.writes == []
    assert world.artifacts == {}

    block = "apiVersion: pfa-gitops/v1\nkind: Block\nmetadata: {name: NAME}\nspec: {type: secret, data: {value: REF}}\n"
    world.write(block.replace("NAME", world.name).replace("REF", "{from_env: PFA_TEST_KEY}"))
    job = world.plan(HEADS[0], source="stranger/flows", token=READ_ONLY)
    assert "valid, not planned" in job.summary
    assert "PFA_TEST_KEY" in job.summary
    world.write(variable(name, "1").replace("Variable", "Varable"))
    broken = world.plan(HEADS[0], source="stranger/flows", token=READ_ONLY, code=1)
    assert "::error file=deploy/manifests/all.yaml,line=3,col=7" in broken.log
    assert world.github.writes == []


def test_a_plan_that_is_denied_says_why_and_can_be_read_whole(world):
    project = world.workspace / "deploy" / "pfa-gitops.yaml"
    policy = "  policies: [{name: none, when: \"change.kind == 'Variable'\", message: ask first, severity: deny}]\n"
    project.write_text(project.read_text() + policy)
    world.write(variable(world.name, "1"))
    denied = f"Variable/{world.name}: denied by the policy none: ask first"
    job = world.plan(HEADS[0], code=1)
    assert f"::error title=pfa-gitops plan::{denied}" in job.log
    assert f"denied by the policy none: ask first (Variable/{world.name})" in job.log
    [(name, folder)] = world.artifacts.items()
    assert name.startswith("pfa-gitops-report-")  # apply looks for another one
    assert sorted(file.name for file in folder.iterdir()) == ["plan.html", "plan.md"]
    stranger = world.plan(HEADS[0], source="stranger/flows", token=READ_ONLY, code=1)
    assert denied in stranger.log
    assert "ask first" in stranger.summary


def test_a_strangers_plan_sends_no_secret_of_the_machine(world, tmp_path):
    """The same project as a pull request of our own sends what it names: so the test sees what it looks for."""
    login = tmp_path / "login"
    login.write_text(f"user:{SECRET}")
    world.write(
        f"apiVersion: pfa-gitops/v1\nkind: Block\nmetadata: {{name: {world.name}}}\n"
        "spec: {type: secret, data: {value: {from_file: /proc/self/environ}}}\n"
    )
    project = world.workspace / "deploy" / "pfa-gitops.yaml"
    with github_stand_in() as server:  # any server: what it is sent is noted
        connection = f"{{prefect: {{api_url: '{server.url}', auth_string: {{from_file: {login}}}}}}}"
        project.write_text(project.read_text().replace("prod: {}", f"prod: {connection}"))
        world.plan(HEADS[0], code=4)
        logins = {call.basic_login for call in server.calls}
        assert logins == {f"user:{SECRET}"}

        server.calls.clear()
        job = world.plan(HEADS[0], source="stranger/flows", token=READ_ONLY)
        assert server.calls == []
    assert "valid, not planned" in job.summary
    assert str(login) in job.summary
    assert READ_ONLY not in job.log + job.summary


@pytest.mark.slow  # jobs of several processes; tests/unit/github/test_reviewed.py has all reasons
@pytest.mark.parametrize(
    ("artifact", "why"),
    [(None, "it has no plan for its last commit"), ({"source": FORK}, "its plan was made by a fork")],
)
def test_what_nobody_reviewed_is_not_applied(world, prefect_server, artifact, why):
    world.write(variable(world.name, "1"))
    world.plan(HEADS[0])
    [made] = world.github.artifacts
    world.github.artifacts.clear()
    if artifact is not None:
        world.github.add_artifact(made["name"], HEADS[0], **artifact)
    world.github.add_pull(7, HEADS[0], MERGE)
    job = world.apply(code=1)
    assert live(prefect_server, world.name) == []
    report = world.github.comments[-1]["body"]
    assert report.startswith(f"<!-- pfa-gitops apply: {world.name}/prod -->")
    assert "failed" in report
    assert why in job.log


@pytest.mark.slow  # jobs of several processes; the first story and the unit tests stand for it
def test_a_commit_without_a_pull_request_is_applied_only_when_the_workflow_says_so(world, prefect_server):
    world.write(variable(world.name, "1"))
    refused = world.apply(code=1)
    assert "no pull request that was merged into main made commit eeeeeeeeeeee" in refused.log
    assert world.github.writes == []
    world.apply(unreviewed="apply")
    assert live(prefect_server, world.name) == [1]


def test_what_moved_since_the_review_is_not_done_and_told(world, prefect_server):
    world.write(variable(world.name, "1"))
    world.plan(HEADS[0])
    world.github.add_pull(7, HEADS[0], MERGE)
    world.write(variable(world.name, "2"))  # what is merged is not what was planned
    job = world.apply(code=3)
    assert live(prefect_server, world.name) == []
    report = world.github.comments[-1]["body"]
    assert "it is not as it was when the plan was made" in report.replace("`", "")
    assert job.outputs["exit-code"] == "3"


@pytest.mark.slow  # jobs of several processes; the first story and the unit tests stand for it
def test_another_plan_under_the_same_name_is_refused(world):
    world.write(variable(world.name, "1"))
    world.plan(HEADS[0])
    record = next(iter(world.artifacts.values())) / "review.json"
    record.write_text(record.read_text().replace(HEADS[0], HEADS[1]))
    world.github.add_pull(7, HEADS[0], MERGE)
    job = world.apply(code=1)
    assert "the artifact's plan was made for another head" in job.log


@pytest.mark.slow  # jobs of several processes; the first story and the unit tests stand for it
def test_a_token_that_may_not_comment_fails_the_job_and_says_what_it_needs(world):
    world.write(variable(world.name, "1"))
    job = world.plan(HEADS[0], token=READ_ONLY, code=4)
    assert "the job needs `pull-requests: write` under `permissions:`" in job.log
    assert world.name in job.summary
    assert READ_ONLY not in job.log


def test_drift_opens_edits_and_closes_one_issue(world, prefect_server):
    def look() -> Job:
        job = world.job("schedule", {})
        assert job.use(world.workspace, **{**world.inputs, "command": "drift"}) == 0, job.log
        return job

    world.write(variable(world.name, "1"))
    world.apply(unreviewed="apply")
    [row] = prefect_server.post("/variables/filter", {"variables": {"name": {"any_": [world.name]}}})
    prefect_server.patch(f"/variables/{row['id']}", {"value": 2})
    job = look()
    assert job.outputs["drifted"] == "true"
    [issue] = world.github.issues
    assert issue["title"] == f"Drift: {world.name} in environment prod"
    assert issue["labels"] == [{"name": "pfa-gitops-drift"}]
    assert "1 → 2" in issue["body"]
    assert job.outputs["issue-url"] == issue["html_url"]

    prefect_server.patch(f"/variables/{row['id']}", {"value": 3})
    look()
    assert "1 → 3" in issue["body"]
    assert [call.method for call in world.github.writes] == ["POST", "PATCH"]

    prefect_server.patch(f"/variables/{row['id']}", {"value": 1})
    assert look().outputs["drifted"] == "false"
    assert issue["state"] == "closed"
    assert len(world.github.issues) == 1
    assert [call.method for call in world.github.writes] == ["POST", "PATCH", "PATCH"]


@pytest.mark.slow  # jobs of several processes; the first story and the unit tests stand for it
def test_the_projects_that_changed_are_selected(world):
    (world.workspace / "other").mkdir()
    (world.workspace / "other" / "pfa-gitops.yaml").write_text(PROJECT.replace("NAME", "other"))
    world.github.files[7] = [{"filename": "deploy/manifests/all.yaml"}, {"filename": "README.md"}]
    pull = {"number": 7, "head": {"sha": HEADS[0], "repo": {"full_name": REPOSITORY}}}
    gone = world.github.add_comment(7, "<!-- pfa-gitops: gone/prod -->\nwhat an older commit had", ROBOT)
    applied = world.github.add_comment(7, "<!-- pfa-gitops apply: gone/prod -->\na report", ROBOT)
    job = world.job("pull_request", {"pull_request": pull})
    assert job.use(world.workspace, command="select", version="installed") == 0, job.log
    assert job.outputs["targets"] == (
        '[{"directory": "deploy", "environment": "prod"}, {"directory": "deploy", "environment": "staging"}]'
    )
    assert gone["body"].startswith("<!-- pfa-gitops: gone/prod -->\n")
    assert "its objects stay live" in gone["body"]
    assert applied["body"].endswith("a report")
    assert len(world.github.writes) == 1


@pytest.mark.slow  # jobs of several processes; the first story and the unit tests stand for it
def test_a_plan_over_both_platforms(world, emulator):
    world.servers |= emulator.env
    config = "---\napiVersion: pfa-gitops/v1\nkind: ComputeConfig\nmetadata: {name: NAME}\n"
    spec = "spec: {head_node: {instance_type: m5.2xlarge}}\n"
    world.write(variable(world.name, "1") + config.replace("NAME", world.name) + spec)
    world.plan(HEADS[0])
    [comment] = world.github.comments
    assert f"ComputeConfig/{world.name}" in comment["body"]
    assert f"Variable/{world.name}" in comment["body"]


@pytest.mark.slow  # jobs of several processes; the first story and the unit tests stand for it
def test_the_example_as_its_workflow_calls_it(world, prefect_server):
    """Select, plan and apply with what `examples/github` hands to the reusable workflow."""
    shutil.rmtree(world.workspace / "deploy")
    shutil.copytree(EXAMPLE, world.workspace, dirs_exist_ok=True)
    caller = yaml.safe_load((EXAMPLE / ".github" / "workflows" / "gitops.yml").read_text())["jobs"]["gitops"]
    world.github.files[7] = [{"filename": "manifests/deployment.yaml"}]
    pull = {"number": 7, "head": {"sha": HEADS[0], "repo": {"full_name": REPOSITORY}}}
    job = world.job("pull_request", {"pull_request": pull})
    environments = caller["with"]["environments"]
    assert job.use(world.workspace, command="select", version="installed", environments=environments) == 0, job.log
    targets = json.loads(job.outputs["targets"])
    assert targets == [{"directory": ".", "environment": name} for name in ("staging", "prod")]

    world.github.add_pull(7, HEADS[0], MERGE)
    for target in targets:
        world.inputs = {**world.inputs, "working_directory": target["directory"], "environment": target["environment"]}
        world.plan(HEADS[0])
        world.apply()
    comments = [comment["body"].splitlines()[0] for comment in world.github.comments]
    assert comments == [
        "<!-- pfa-gitops: reports/staging -->",
        "<!-- pfa-gitops apply: reports/staging -->",
        "<!-- pfa-gitops: reports/prod -->",
        "<!-- pfa-gitops apply: reports/prod -->",
    ]
    for name in ("reports-staging", "reports"):
        assert prefect_server.get(f"/work_pools/{name}")["type"] == "process"
    for name in ("daily-report-staging", "daily-report"):
        assert prefect_server.get(f"/deployments/name/report/{name}")["schedules"][0]["slug"] == "daily"
