"""Risks, forbidden risks and policies, by processes against a real server."""

import uuid

import pytest
from support.commands import project_in

PROJECT = """\
apiVersion: pfa-gitops/v1
kind: Project
metadata: {name: NAME}
spec:
  environments:
    dev: {default: true}
    prod: {limits: {forbid: [destroys]}}
  policies:
    - name: keep-variables
      when: change.kind == 'Variable' && 'destroys' in change.risks
      message: variables are deleted by hand
      severity: SEVERITY
      environments: [dev]
    - name: few-changes
      when: plan.changes.filter(c, c.action != 'none').size() > 3
      message: more than three changes at once
      severity: warn
"""


def variable(name, value="1", protect=""):
    about = f"kind: Variable\nmetadata: {{name: {name}{protect}}}\nspec: {{value: {value}}}\n"
    return f"---\napiVersion: pfa-gitops/v1\n{about}"


@pytest.fixture
def name():
    return f"policy-{uuid.uuid4().hex[:8]}"


@pytest.fixture
def project(tmp_path, prefect_server, name):
    made = project_in(tmp_path, prefect_server.environment)
    made.write("pfa-gitops.yaml", PROJECT.replace("NAME", name).replace("SEVERITY", "deny"))
    return made


def live(prefect_server, prefix):
    found = prefect_server.post("/variables/filter", {"variables": {"name": {"like_": prefix}}})
    names = [item["name"] for item in found if item["name"].startswith(prefix)]  # the lock has it in its name, too
    return sorted(name.removeprefix(prefix) for name in names)


def test_a_denied_plan_is_shown_and_not_applied(project, prefect_server, name):
    project.write("manifests/a.yaml", variable(f"{name}-a") + variable(f"{name}-b"))
    project.document("apply", "--auto-approve")
    project.write("manifests/a.yaml", variable(f"{name}-a", "2"))
    shown = project.pfa("plan")
    assert shown.returncode == 1
    assert f"- {name}-b  [destroys]" in shown.stdout
    assert f"~ {name}-a\n" in shown.stdout
    assert f"deny: keep-variables: variables are deleted by hand (Variable/{name}-b)" in shown.stdout
    document = project.document("plan", "--detailed-exitcode", "-o", "saved.json", code=1)
    assert [change["risks"] for change in document["changes"]] == [["safe"], ["destroys"]]
    [verdict] = document["verdicts"]
    assert (verdict["policy"], verdict["severity"], verdict["failure"]) == ("keep-variables", "deny", None)
    for command in (
        ["apply", "--auto-approve", "--ignore-limits"],
        ["apply", "saved.json"],
        ["destroy", "--auto-approve"],
    ):
        refused = project.pfa(*command)
        assert refused.returncode == 1
        assert "not applied: a policy denies it: keep-variables" in refused.stderr
    assert live(prefect_server, name) == ["-a", "-b"]

    project.write("pfa-gitops.yaml", PROJECT.replace("NAME", name).replace("SEVERITY", "warn"))
    project.write("manifests/a.yaml", variable(f"{name}-a", "2") + variable(f"{name}-b"))
    project.document("plan", "-o", "reviewed.json")
    project.write("pfa-gitops.yaml", PROJECT.replace("NAME", name).replace("SEVERITY", "deny"))
    project.write("manifests/a.yaml", variable(f"{name}-a", "2"))
    # The delete that is denied was not reviewed, and is not done: it does not stand in the way of what was.
    done = project.pfa("apply", "reviewed.json")
    assert done.returncode == 3, done.stderr
    assert live(prefect_server, name) == ["-a", "-b"]

    project.write("pfa-gitops.yaml", PROJECT.replace("NAME", name).replace("SEVERITY", "warn"))
    warned = project.pfa("apply", "--auto-approve")
    assert warned.returncode == 0
    assert "warn: keep-variables: variables are deleted by hand" in warned.stdout
    assert live(prefect_server, name) == ["-a"]


def test_a_policy_on_the_whole_plan_and_one_of_another_environment(project, name):
    project.write("manifests/a.yaml", "".join(variable(f"{name}-{letter}") for letter in "abcd"))
    verdicts = project.document("plan", "-e", "prod")["verdicts"]
    assert [(verdict["policy"], verdict["address"]) for verdict in verdicts] == [("few-changes", None)]


def test_forbidden_risks_are_limits_that_a_flag_overrules(project, prefect_server, name):
    project.write("manifests/a.yaml", variable(f"{name}-a") + variable(f"{name}-b"))
    project.document("apply", "--auto-approve", "-e", "prod")
    project.write("manifests/a.yaml", variable(f"{name}-a"))
    breach = f"Variable/{name}-b has the risk destroys, and limits forbid it"
    assert project.document("plan", "-e", "prod")["breaches"] == [breach]
    assert breach in project.pfa("apply", "--auto-approve", "-e", "prod").stderr
    project.document("apply", "--auto-approve", "-e", "prod", "--ignore-limits")
    assert live(prefect_server, name) == ["-a"]


def test_protection_that_goes_is_a_risk_of_an_object_that_stays_as_it_is(project, name):
    project.write("manifests/a.yaml", variable(name, protect=", protect: true"))
    project.document("apply", "--auto-approve")
    project.write("manifests/a.yaml", variable(name))
    [change] = project.document("plan")["changes"]
    assert (change["action"], change["risks"]) == ("none", ["loosens_protection"])


def test_policies_see_no_secret(project, name):
    project.write(
        "manifests/a.yaml",
        "apiVersion: pfa-gitops/v1\nkind: Block\n"
        f"metadata: {{name: {name}}}\nspec: {{type: secret, data: {{value: {{from_env: DB_PASSWORD}}}}}}\n",
    )
    policy = "change.spec.data.value == '(secret)' && change.fields.exists(f, f.path == 'data')"
    text = PROJECT.replace("NAME", name).replace("change.kind == 'Variable' && 'destroys' in change.risks", policy)
    project.write("pfa-gitops.yaml", text.replace("SEVERITY", "deny"))
    [verdict] = project.document("plan", code=1, DB_PASSWORD="hunter2-made-up")["verdicts"]
    assert (verdict["policy"], verdict["failure"]) == ("keep-variables", None)
