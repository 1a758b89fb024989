"""A secret in clear stops the commands, by processes against a real server. What they say never has its value."""

import uuid

import pytest
from support.commands import project_in

SECRET = "Zx81-made-up/9Qv"
QUOTED = "Zx81-made-up%2F9Qv"
PROJECT = """\
apiVersion: pfa-gitops/v1
kind: Project
metadata: {name: NAME}
spec: {env: [DB_PASSWORD], environments: {dev: {default: true}}}
"""
BLOCK = """\
apiVersion: pfa-gitops/v1
kind: Block
metadata: {name: NAME}
spec: {type: secret, data: {value: REF}}
"""
POOL = """\
apiVersion: pfa-gitops/v1
kind: WorkPool
metadata: {name: NAME}
spec: {type: process}
"""
DEPLOYMENT = """\
apiVersion: pfa-gitops/v1
kind: Deployment
metadata: {name: NAME}
spec:
  entrypoint: flow.py:main
  work_pool: NAME
  job_variables:
    env:
      LEVEL: info
      DB_URL: "postgres://app:${{ env.DB_PASSWORD | urlencode }}@db/app"
"""
VARIABLE = """\
apiVersion: pfa-gitops/v1
kind: Variable
metadata: {name: NAME}
spec: {value: VALUE}
"""
FROM_ENV, FROM_FILE = "{from_env: DB_PASSWORD}", "{from_file: secret.txt}"


@pytest.fixture
def name():
    return f"taint-{uuid.uuid4().hex[:8]}"


@pytest.fixture
def project(tmp_path, prefect_server, name):
    made = project_in(tmp_path, {**prefect_server.environment, "DB_PASSWORD": SECRET})
    made.write("pfa-gitops.yaml", PROJECT.replace("NAME", name))
    made.write("secret.txt", SECRET + "\n")
    made.write("flow.py", "from prefect import flow\n\n\n@flow\ndef main():\n    pass\n")
    return made


def write(project, file, text, name, **values):
    for old, new in {"NAME": name, **values}.items():
        text = text.replace(old, new)
    project.write(f"manifests/{file}.yaml", text)


def stopped(project, *arguments):
    """What a refused command said. The secret stands nowhere in it, nor in any file that it wrote."""
    done = project.pfa(*arguments)
    assert done.returncode == 1, done.stdout + done.stderr
    said = done.stdout + done.stderr
    for written in (SECRET, QUOTED):
        assert written not in said
    for file in project.folder.glob("*.json"):
        assert SECRET not in file.read_text()
    return said


def live(prefect_server, name):
    found = prefect_server.post("/variables/filter", {"variables": {"name": {"any_": [name]}}})
    return [item["value"] for item in found]


@pytest.mark.parametrize(
    "command",
    [
        ["validate"],
        ["validate", "--format", "json"],
        ["render"],
        ["plan"],
        ["plan", "--format", "json", "-o", "saved.json"],
        ["apply", "--auto-approve", "--format", "json"],
    ],
)
def test_a_variable_that_a_reference_names_is_known_to_every_command(project, name, command):
    write(project, "pool", POOL, name)
    write(project, "block", BLOCK, name, REF=FROM_ENV)
    write(project, "deployment", DEPLOYMENT, name)
    said = stopped(project, *command)
    assert "manifests/deployment.yaml:10:" in said
    assert f"Deployment/{name}" in said
    assert "`job_variables.env.DB_URL` holds the secret from_env DB_PASSWORD in clear" in said
    assert not (project.folder / "saved.json").exists()


def test_what_is_fetched_for_a_block_is_known_to_plan_and_apply(project, prefect_server, name):
    write(project, "block", BLOCK, name, REF=FROM_FILE)
    write(project, "variable", VARIABLE, name, VALUE=f"{{login: 'app:{SECRET}'}}")
    for command in (["plan"], ["plan", "--format", "json", "-o", "saved.json"], ["apply", "--auto-approve"]):
        said = stopped(project, *command)
        assert "manifests/variable.yaml:4:" in said
        assert "`value.login` holds the secret from_file secret.txt in clear" in said
    assert live(prefect_server, name) == []


def test_a_live_value_that_is_a_secret_stops_the_plan_until_the_secret_is_another(project, prefect_server, name):
    write(project, "block", BLOCK, name, REF=FROM_ENV)
    write(project, "variable", VARIABLE, name, VALUE="clean")
    project.document("apply", "--auto-approve")
    [variable] = prefect_server.post("/variables/filter", {"variables": {"name": {"any_": [name]}}})
    prefect_server.patch(f"/variables/{variable['id']}", {"value": SECRET})
    for command in (["plan"], ["plan", "--format", "json", "-o", "saved.json"], ["apply", "--auto-approve"]):
        said = stopped(project, *command)
        assert f"Variable/{name}: the live `value` holds the secret from_env DB_PASSWORD in clear" in said
    assert live(prefect_server, name) == [SECRET]

    rotated = {"DB_PASSWORD": "another-One-7"}
    shown = project.pfa("plan", **rotated)
    assert shown.returncode == 0, shown.stderr
    assert '(secret) → "clean"' in shown.stdout
    assert SECRET not in shown.stdout + shown.stderr
    assert SECRET not in project.pfa("apply", "--auto-approve", "--format", "json", **rotated).stdout
    assert live(prefect_server, name) == ["clean"]
    assert project.document("plan", "--detailed-exitcode", **rotated)["summary"]["update"] == 0


def test_import_takes_no_live_secret_into_the_inventory(project, prefect_server, name):
    prefect_server.post("/variables/", {"name": name, "value": {"url": f"x-{SECRET}"}})
    write(project, "block", BLOCK, name, REF=FROM_ENV)
    write(project, "variable", VARIABLE, name, VALUE="clean")
    said = stopped(project, "import", f"Variable/{name}", "--format", "json")
    assert "the live `value.url` holds the secret from_env DB_PASSWORD in clear" in said


def test_what_the_project_says_is_no_secret_may_stand_in_clear(project, name):
    write(project, "block", BLOCK, name, REF=FROM_ENV)
    write(project, "variable", VARIABLE, name, VALUE=SECRET)
    assert "`value` holds" in stopped(project, "plan")
    allowed = PROJECT.replace("NAME", name).replace("{env:", "{not_secret: [from_env DB_PASSWORD], env:")
    project.write("pfa-gitops.yaml", allowed)
    assert project.document("plan")["summary"]["create"] == 2
    project.document("apply", "--auto-approve")
    again = project.document("plan")["summary"]
    assert (again["create"], again["update"], again["delete"]) == (0, 0, 0), "its digest is in the inventory by now"
    (project.folder / "manifests/block.yaml").unlink()
    assert project.document("plan")["summary"]["delete"] == 1, "no manifest has the reference any more"
