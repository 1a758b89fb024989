"""What the commands answer: exit codes, documents, questions, and what bad input gets. Against real servers."""

import json
import uuid

import jsonschema
import pytest
from support.anyscale_emulator import AnyscaleEmulator
from support.commands import Workdir
from support.turnstile import turnstile

from pfa_gitops.views.plan_schema import PLAN_SCHEMA

PROJECT = """\
apiVersion: pfa-gitops/v1
kind: Project
metadata: {name: NAME}
spec:
  environments:
    dev: {default: true}
    prod: {protected: true}
"""


def variable(name: str, value: str = "1") -> str:
    return f"apiVersion: pfa-gitops/v1\nkind: Variable\nmetadata: {{name: {name}}}\nspec: {{value: {value}}}\n---\n"


@pytest.fixture
def name():
    """A name that no other test uses on the shared server."""
    return f"c{uuid.uuid4().hex[:10]}"


@pytest.fixture
def offline(tmp_path):
    project = Workdir(tmp_path, {"HOME": str(tmp_path), "PREFECT_HOME": str(tmp_path / "prefect")})
    project.write("pfa-gitops.yaml", PROJECT.replace("NAME", f"project-{uuid.uuid4().hex[:10]}"))
    return project


@pytest.fixture
def project(offline, prefect_server):
    offline.environment = {**offline.environment, **prefect_server.environment}
    return offline


def read(prefect_server, name):
    [found] = prefect_server.post("/variables/filter", {"variables": {"name": {"any_": [name]}}}) or [None]
    return found


def test_plan_apply_plan(project, prefect_server, name):
    project.write("manifests/a.yaml", variable(name, "{deep: [1, 2]}"))
    planned = project.document("plan", "--detailed-exitcode", code=2)
    jsonschema.validate(planned, PLAN_SCHEMA)
    assert planned["summary"] == {"create": 1, "update": 0, "replace": 0, "delete": 0, "unchanged": 0}
    applied = project.document("apply", "--auto-approve")
    assert [outcome["result"] for outcome in applied["outcomes"]] == ["done"]
    assert read(prefect_server, name)["value"] == {"deep": [1, 2]}
    after = project.document("plan", "--detailed-exitcode", code=0)
    unchanged = {"address": f"Variable/{name}", "action": "none", "adopts": False}
    unchanged |= {"risks": [], "fields": [], "impact": {}, "contract": []}
    assert after["changes"] == [unchanged]
    project.write("manifests/a.yaml", variable(name, "{deep: [1, 3]}"))
    [change] = project.document("plan")["changes"]
    assert change["fields"] == [{"path": "value.deep", "before": [1, 2], "after": [1, 3], "reason": None}]


def test_with_json_everything_else_is_on_standard_error(project, name):
    project.write("manifests/a.yaml", variable(name))
    done = project.pfa("apply", "--auto-approve", "--format", "json")
    assert json.loads(done.stdout)["summary"]["done"] == 1
    assert f"Variable/{name}" in done.stderr
    assert project.pfa("apply", "--auto-approve", "--format", "json", "--quiet").stderr == ""


def test_apply_without_a_terminal_needs_auto_approve(project, prefect_server, name):
    project.write("manifests/a.yaml", variable(name))
    done = project.pfa("apply")
    assert done.returncode == 1
    assert "--auto-approve" in done.stderr
    assert read(prefect_server, name) is None


def test_an_apply_with_nothing_to_do_asks_nothing(project, name):
    project.write("manifests/a.yaml", variable(name))
    assert project.pfa("apply", "--auto-approve").returncode == 0
    assert project.pfa("apply").returncode == 0


def test_a_refused_write_is_told_blocks_what_refers_to_it_and_the_next_apply_goes_on(project, prefect_server, name):
    pool = f"kind: WorkPool\nmetadata: {{name: {name}}}\nspec: {{type: process, base_job_template: TEMPLATE}}\n"
    header = "apiVersion: pfa-gitops/v1\n"
    bad = "{job_configuration: {a: '{{ nowhere }}'}, variables: {properties: {}}}"
    good = "{job_configuration: {a: '{{ here }}'}, variables: {type: object, properties: {here: {type: string}}}}"
    deployment = (
        f"---\n{header}kind: Deployment\nmetadata: {{name: {name}}}\n"
        f"spec: {{flow_name: f, entrypoint: 'f.py:f', path: /code, work_pool: {name}}}\n---\n"
    )
    project.write("manifests/a.yaml", header + pool.replace("TEMPLATE", bad) + deployment + variable(name))
    done = project.document("apply", "--auto-approve", code=5)
    results = {outcome["address"].split("/")[0]: outcome["result"] for outcome in done["outcomes"]}
    assert results == {"WorkPool": "failed", "Deployment": "blocked", "Variable": "done"}
    quiet = project.pfa("apply", "--auto-approve", "--quiet")
    assert f"WorkPool/{name} failed" in quiet.stderr
    project.write("manifests/a.yaml", header + pool.replace("TEMPLATE", good) + deployment + variable(name))
    again = project.document("apply", "--auto-approve")
    assert {outcome["address"].split("/")[0] for outcome in again["outcomes"]} == {"WorkPool", "Deployment"}
    assert project.pfa("plan", "--detailed-exitcode").returncode == 0


def test_ctrl_c_ends_what_is_under_way_and_the_next_apply_goes_on(project, prefect_server, name):
    project.write("manifests/a.yaml", "".join(variable(f"{name}_{number}") for number in range(20)))
    # The lock is a variable, too.
    with turnstile(prefect_server.url.removesuffix("/api"), "/api/variables/", first=2) as before:
        done = project.interrupted(
            *("apply", "--auto-approve"),
            after="created in",
            until="interrupted: finishing what is under way",
            then=before.open.set,
            PREFECT_API_URL=f"{before.url}/api",
        )
    assert done.returncode == 5, done.stderr
    assert "Traceback" not in done.stderr
    assert "Apply again to go on from here" in done.stdout
    left = project.document("plan")["summary"]
    assert left["create"] > 0
    assert left["unchanged"] > 1  # the one before Ctrl-C, and what was under way then
    assert project.pfa("apply", "--auto-approve", "--quiet").returncode == 0
    assert project.document("plan")["summary"]["unchanged"] == 20


def test_one_ctrl_c_ends_the_question_and_nothing_is_written(project, prefect_server, name):
    project.write("manifests/a.yaml", variable(name))
    done = project.interrupted("apply", after="Apply this plan? Type 'yes'")
    assert done.returncode == 130, done.stderr
    assert "Traceback" not in done.stderr
    assert read(prefect_server, name) is None


@pytest.mark.parametrize(
    ("manifest", "said"),
    [
        pytest.param("spec: {valeu: 1}", ["m.yaml:4:8", "valeu", "value"], id="unknown field"),
        pytest.param("spec: {value: '${{ vars.nowhere }}'}", ["m.yaml:4:15", "nowhere"], id="undefined variable"),
        pytest.param("spec: {value: '${{ 1 + }}'}", ["m.yaml:4:15"], id="template error"),
        pytest.param("spec: {value: [}", ["m.yaml:4:"], id="YAML error"),
        pytest.param("spec: {value: 1, tags: 7}", ["m.yaml:4:24", "tags"], id="wrong type"),
    ],
)
def test_what_is_wrong_in_a_manifest_is_said_with_its_place(offline, manifest, said):
    offline.write("manifests/m.yaml", f"apiVersion: pfa-gitops/v1\nkind: Variable\nmetadata: {{name: x}}\n{manifest}\n")
    for command in (["validate"], ["plan"], ["apply", "--auto-approve"], ["render"]):
        done = offline.pfa(*command)
        assert done.returncode == 1
        assert done.stdout == ""
        for text in said:
            assert text in done.stderr


def test_problems_as_json(offline):
    offline.write("manifests/m.yaml", "apiVersion: pfa-gitops/v1\nkind: Variable\nmetadata: {name: x}\nspec: {}\n")
    document = offline.document("validate", code=1)
    assert document["valid"] is False
    assert "value" in document["problems"][0]["message"]


def test_notes_are_in_the_document_and_quiet_does_not_hide_them(offline):
    ended = "{match: {kind: Variable}, patch: {tags: [t]}, until: 2026-01-01T00:00:00Z, reason: none}"
    override = f"---\napiVersion: pfa-gitops/v1\nkind: Override\nmetadata: {{name: o}}\nspec: {ended}\n"
    offline.write("manifests/a.yaml", variable("x") + override)
    note = "Override/o ended at 2026-01-01T00:00:00Z and is not applied; remove it"
    document = offline.document("validate")
    assert (document["valid"], document["manifests"], document["notices"]) == (True, 1, [note])
    done = offline.pfa("validate", "--quiet")
    assert (done.stdout, done.stderr) == ("1 manifest is valid in environment dev.\n", f"note: {note}\n")


def test_an_unset_secret_is_a_problem_of_its_place_and_nothing_is_written(project, prefect_server, name):
    block = f"apiVersion: pfa-gitops/v1\nkind: Block\nmetadata: {{name: {name}}}\n"
    project.write(
        "manifests/a.yaml", variable(name) + block + "spec: {type: secret, data: {value: {from_env: NO_SUCH}}}\n"
    )
    for command in ("plan", "apply"):
        done = project.pfa(command)
        assert done.returncode == 1
        assert "manifests/a.yaml:9:" in done.stderr
        assert "NO_SUCH" in done.stderr
    assert read(prefect_server, name) is None


def test_a_secret_shows_nowhere_and_its_change_is_seen(project, name):
    block = f"apiVersion: pfa-gitops/v1\nkind: Block\nmetadata: {{name: {name}}}\n"
    project.write("manifests/a.yaml", block + "spec: {type: secret, data: {value: {from_env: MY_SECRET}}}\n")
    said = ""
    for secret, code in (("correct-horse", 2), ("correct-horse", 0), ("battery-staple", 2)):
        reports = ("--report", "plan.md", "--report", "plan.html", "--report", "plan.json")
        plan = project.pfa("plan", "--detailed-exitcode", *reports, MY_SECRET=secret)
        assert plan.returncode == code
        apply = project.pfa("apply", "--auto-approve", MY_SECRET=secret)
        document = project.pfa("apply", "--auto-approve", "--format", "json", MY_SECRET=secret)
        render = project.pfa("render", MY_SECRET=secret)
        said += "".join(done.stdout + done.stderr for done in (plan, apply, document, render))
        said += "".join((project.folder / f"plan.{end}").read_text() for end in ("md", "html", "json"))
    assert "(secret)" in said
    assert "horse" not in said
    assert "staple" not in said


def test_a_pool_type_that_the_server_lacks(project, prefect_server, name):
    header = "apiVersion: pfa-gitops/v1\n"
    pool = f"{header}kind: WorkPool\nmetadata: {{name: {name}}}\nspec: {{type: anyscaled}}\n"
    project.write("manifests/a.yaml", variable(name) + pool)
    done = project.pfa("apply", "--auto-approve")
    assert done.returncode == 1
    assert "manifests/a.yaml:9:14" in done.stderr
    assert "anyscale" in done.stderr
    assert read(prefect_server, name) is None


def test_no_server_is_configured(offline, name):
    offline.write("manifests/a.yaml", variable(name))
    done = offline.pfa("plan")
    assert done.returncode == 1
    assert "PREFECT_API_URL" in done.stderr


def test_an_unset_secret_of_the_environment_is_told_with_its_place(offline, name):
    secret = "    dev: {default: true, prefect: {api_key: {from_env: NO_SUCH}}}\n"
    offline.write("pfa-gitops.yaml", PROJECT.replace("    dev: {default: true}\n", secret))
    offline.write("manifests/a.yaml", variable(name))
    done = offline.pfa("plan", PREFECT_API_URL="http://127.0.0.1:9/api")
    assert done.returncode == 1
    assert "pfa-gitops.yaml:6:" in done.stderr
    assert "NO_SUCH" in done.stderr


def test_no_server_answers(offline, name):
    offline.write("manifests/a.yaml", variable(name))
    done = offline.pfa("plan", PREFECT_API_URL="http://127.0.0.1:9/api")
    assert done.returncode == 4
    assert "http://127.0.0.1:9/api" in done.stderr


def test_wrong_anyscale_credentials(project, tmp_path):
    shape = "kind: ComputeConfig\nmetadata: {name: c}\nspec: {head_node: {instance_type: m}}\n"
    project.write("manifests/a.yaml", f"apiVersion: pfa-gitops/v1\n{shape}")
    emulator = AnyscaleEmulator(tmp_path / "anyscale", "--token", "aph0_the-right-one").start()
    try:
        for token, code in (("no-token-at-all", 1), ("aph0_another", 4)):
            done = project.pfa("plan", ANYSCALE_HOST=emulator.url, ANYSCALE_CLI_TOKEN=token)
            assert done.returncode == code
            assert "ANYSCALE_CLI_TOKEN" in done.stderr
            assert token not in done.stderr
    finally:
        emulator.stop()


def test_all_platforms_that_fail_are_told_together(offline, tmp_path, name):
    header, address = "apiVersion: pfa-gitops/v1\n", "http://127.0.0.1:9/api"
    pool = f"{header}kind: WorkPool\nmetadata: {{name: {name}}}\nspec: {{type: process}}\n---\n"
    agent = (
        f"{header}kind: Agent\nmetadata: {{name: a}}\nspec: {{work_pool: {name}, prefect: {{api_url: '{address}'}}}}\n"
    )
    offline.write("manifests/a.yaml", pool + agent)
    emulator = AnyscaleEmulator(tmp_path / "anyscale", "--token", "aph0_the-right-one").start()
    anyscale = {"ANYSCALE_HOST": emulator.url, "ANYSCALE_CLI_TOKEN": "aph0_another"}
    try:
        done = offline.pfa("status", PREFECT_API_URL=address, **anyscale)
    finally:
        emulator.stop()
    assert done.returncode == 4
    assert "http://127.0.0.1:9/api" in done.stderr
    assert "Anyscale answered 401" in done.stderr
    assert "2 problems" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["plan", "-e", "prd"], "did you mean `prod`?"),
        (["plan", "--colour"], "No such option"),
        (["frobnicate"], "frobnicate"),
        (["plan", "-C", "nowhere"], "nowhere"),
        (["run", "Deployment/x"], "Deployment/x"),
        (["run", "Variable/x1"], "only deployments can be run"),
        (["render", "Variable/x"], "Variable/x"),
        (["schema", "Nothing"], "Nothing"),
    ],
)
def test_wrong_flags_exit_with_1(offline, arguments, said):
    offline.write("manifests/a.yaml", variable("x1"))
    done = offline.pfa(*arguments)
    assert done.returncode == 1
    assert said in done.stderr


def test_init_makes_a_project_that_validates_and_never_overwrites(offline, tmp_path):
    folder = tmp_path / "made"
    assert offline.pfa("init", str(folder)).returncode == 0
    assert offline.pfa("validate", "-C", str(folder)).returncode == 0
    first = (folder / "manifests" / "agent.yaml").read_text().splitlines()[0]
    assert (folder / "manifests" / first.rpartition("=")[2]).is_file()
    assert offline.pfa("init", str(folder)).returncode == 1
    assert "name: made}" in (folder / "pfa-gitops.yaml").read_text()
    assert (folder / ".github" / "workflows" / "gitops.yml").is_file()


def test_init_asks_for_a_name_and_workflows_on_a_terminal_only(offline, tmp_path):
    folder = tmp_path / "1.5"
    assert offline.pfa("init", str(folder), "--no-github").returncode == 0
    assert 'name: "1.5"}' in (folder / "pfa-gitops.yaml").read_text()
    assert not (folder / ".github").exists()
    named = tmp_path / "named"
    assert offline.pfa("init", str(named), "--name", "team a").returncode == 0
    assert offline.pfa("validate", "-C", str(named)).returncode == 0
    assert 'name: "team a"}' in (named / "pfa-gitops.yaml").read_text()
