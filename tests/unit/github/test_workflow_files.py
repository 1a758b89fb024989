"""The YAML itself: valid, without zizmor's findings, pinned, and no logic in it that Python does not test."""

import re
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
import yaml

from pfa_gitops.github.environment import UNSET_WHERE_EMPTY
from pfa_gitops.github.inputs import COMMANDS
from pfa_gitops.views.github_workflows import github_workflows

ROOT = Path(__file__).parents[3]
BIN = Path(sys.executable).parent
EXAMPLE, GITLAB = ROOT / "examples" / "github", ROOT / "examples" / "gitlab" / ".gitlab-ci.yml"
OURS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
CALLERS = sorted((EXAMPLE / ".github" / "workflows").glob("*.yml"))
ACTION = yaml.safe_load((ROOT / "action.yml").read_text())
WRITES = {
    ("gitops", "select"): {"pull-requests"},
    ("gitops", "plan"): {"pull-requests"},
    ("gitops", "apply"): {"pull-requests"},
    ("gitops", "result"): set(),
    ("drift", "select"): set(),
    ("drift", "drift"): {"issues"},
}


def workflow(name):
    return yaml.safe_load((ROOT / ".github" / "workflows" / f"{name}.yml").read_text())


def run(*arguments):
    done = subprocess.run(arguments, capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("place", [ROOT, EXAMPLE], ids=["ours", "example"])
def test_zizmor_finds_nothing(place):
    run(str(BIN / "zizmor"), "--offline", "--quiet", str(place))


@pytest.mark.parametrize(
    ("schema", "files"),
    [
        ("vendor.github-workflows", [*OURS, *CALLERS]),
        ("vendor.github-actions", [ROOT / "action.yml"]),
        ("vendor.gitlab-ci", [GITLAB]),
    ],
)
def test_the_schemas_are_kept(schema, files):
    transform = ["--data-transform", "gitlab-ci"] if "gitlab" in schema else []
    run(str(BIN / "check-jsonschema"), "--builtin-schema", schema, *transform, *map(str, files))


@pytest.mark.parametrize("file", [ROOT / "action.yml", *OURS, *CALLERS], ids=lambda path: path.name)
def test_every_action_is_pinned_by_its_commit(file):
    for used in re.findall(r"uses: (\S+)(.*)", file.read_text()):
        assert used[0] == "./action" or re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", used[0]), used
        assert used[0] == "./action" or re.fullmatch(r" # v[\d.]+", used[1]), used


def test_one_action_has_one_commit_everywhere():
    texts = "".join(path.read_text() for path in [ROOT / "action.yml", *OURS])
    pins = set(re.findall(r"(actions/[\w-]+)@([0-9a-f]{40})", texts))
    assert len(pins) == len({name for name, _ in pins}) == 4


@pytest.mark.parametrize(
    "step", [step for step in ACTION["runs"]["steps"] if "run" in step], ids=lambda one: one["name"]
)
def test_a_step_of_the_action_only_starts_python(step):
    assert len(step["run"].splitlines()) == 1
    assert re.fullmatch(r'(exec "\$PFA_PYTHON" -P -m pfa_gitops\.github \w+|python3 -I "\S+\.py")', step["run"])


def test_the_inputs_reach_the_step_that_runs():
    [step] = [step for step in ACTION["runs"]["steps"] if step.get("id") == "run"]
    handed = set(re.findall(r"inputs\.([\w-]+)", str(step["env"])))
    elsewhere = {"version", "python-version", "retention-days"}
    assert handed | elsewhere == set(ACTION["inputs"])
    for command in COMMANDS:
        assert command in ACTION["inputs"]["command"]["description"]


@pytest.mark.parametrize("name", ["gitops", "drift"])
def test_a_job_may_do_no_more_than_it_needs(name):
    found = workflow(name)
    assert found["permissions"] == {}
    for job, steps in found["jobs"].items():
        writes = {scope for scope, may in steps["permissions"].items() if may != "read"}
        assert writes == WRITES[name, job]
        assert steps["timeout-minutes"]
        for step in steps["steps"]:
            if step.get("uses", "").startswith("actions/checkout"):
                assert step["with"]["persist-credentials"] is False
                # The job's own token reads the calling repository only.
                token = "${{ secrets.PFA_ACTION_TOKEN || github.token }}" if "repository" in step["with"] else None
                assert step["with"].get("token") == token


def test_plans_give_way_to_newer_ones_and_applies_wait_for_each_other():
    jobs = workflow("gitops")["jobs"]
    assert jobs["plan"]["concurrency"]["cancel-in-progress"] is True
    assert jobs["apply"]["concurrency"] | {"group": ""} == {"group": "", "cancel-in-progress": False, "queue": "max"}
    for name in ("plan", "apply"):
        assert jobs[name]["strategy"]["fail-fast"] is False


@pytest.mark.parametrize(("name", "job"), [("gitops", "plan"), ("gitops", "apply"), ("drift", "drift")])
def test_no_two_targets_share_a_group(name, job):
    """As JSON: with a dash between them, the folder a-b with c and the folder a with b-c would be one group."""
    group = workflow(name)["jobs"][job]["concurrency"]["group"]
    assert set(re.findall(r"\$\{\{ (.+?) \}\}", group)) - {"github.ref"} == {"toJSON(matrix.target)"}


@pytest.mark.parametrize("name", ["gitops", "drift"])
def test_a_workflow_hands_the_action_what_it_knows(name):
    found = workflow(name)
    called = found[True]["workflow_call"]  # YAML reads `on` as a truth value
    used = set(re.findall(r"(?:inputs|secrets)\.([\w-]+)", str(found["jobs"])))
    assert used == {*called["inputs"], *called["secrets"]}
    for job in found["jobs"].values():
        for step in job["steps"]:
            if step.get("uses") == "./action":
                assert set(step["with"]) <= set(ACTION["inputs"])
                assert set(step.get("env", {})) <= set(UNSET_WHERE_EMPTY)


def test_a_callers_grants_are_what_the_jobs_need():
    for file in CALLERS:
        [caller] = yaml.safe_load(file.read_text())["jobs"].values()
        needed: dict[str, str] = {}
        for job in workflow(file.stem)["jobs"].values():
            needed |= {scope: may for scope, may in job["permissions"].items() if needed.get(scope) != "write"}
        assert caller["permissions"] == needed
        called = workflow(file.stem)[True]["workflow_call"]
        assert set(caller["with"]) <= set(called["inputs"])
        assert set(caller["secrets"]) <= set(called["secrets"])


def test_the_example_is_what_init_writes():
    for path, text in github_workflows(["staging", "prod"], version("pfa-gitops")).items():
        assert (EXAMPLE / path).read_text() == text


def test_what_init_writes_is_as_clean(tmp_path):
    from pfa_gitops.cli import app  # noqa: PLC0415 - only this test needs the commands

    assert app.run(["init", str(tmp_path)], lambda error: pytest.fail(error.message)) == 0
    files = sorted((tmp_path / ".github" / "workflows").iterdir())
    assert [file.name for file in files] == ["drift.yml", "gitops.yml"]
    run(str(BIN / "zizmor"), "--offline", "--quiet", str(tmp_path))
    run(str(BIN / "check-jsonschema"), "--builtin-schema", "vendor.github-workflows", *map(str, files))
    read = set(
        re.findall(r"env\.(PROD_\w+)|from_env: (PROD_\w+)", "".join(map(Path.read_text, tmp_path.rglob("*.yaml"))))
    )
    for file in files:
        handed = re.findall(r"(\w+)=\$\{\{ (?:vars|secrets)\.(\w+) \}\}", file.read_text())
        assert {name for name, _ in handed} == {one or other for one, other in read}
        assert all(name == source for name, source in handed)


def test_init_writes_where_github_reads(tmp_path, capsys):
    """In a new repository that has its first files already, at its root or below it."""
    from pfa_gitops.cli import app  # noqa: PLC0415 - only this test needs the commands

    def init(folder):
        assert app.run(["init", str(folder)], lambda error: pytest.fail(error.message)) == 0

    subprocess.run(["git", "init", "-q", "--initial-branch", "trunk", str(tmp_path)], check=True)
    (tmp_path / ".gitignore").write_text("mine\n")
    (tmp_path / "README.md").write_text("mine\n")
    workflows = tmp_path / ".github" / "workflows"
    init(tmp_path / "etl" / "deploy")
    assert not (tmp_path / "etl" / "deploy" / ".github").exists()
    called = yaml.safe_load((workflows / "gitops.yml").read_text())
    assert called[True]["push"] == {"branches": ["trunk"]}
    assert called["jobs"]["gitops"]["with"]["projects"] == "etl/deploy"
    assert yaml.safe_load((workflows / "drift.yml").read_text())["jobs"]["drift"]["with"]["projects"] == "etl/deploy"
    run(str(BIN / "zizmor"), "--offline", "--quiet", str(tmp_path))

    shutil.rmtree(tmp_path / "etl")
    (workflows / "gitops.yml").write_text("mine\n")
    (workflows / "drift.yml").unlink()
    (workflows / "mine.yaml").write_text("# yaml-language-server: $schema=x/Variable.json\n")
    init(tmp_path)
    assert "projects" not in (workflows / "drift.yml").read_text()
    for mine in (tmp_path / ".gitignore", tmp_path / "README.md", workflows / "gitops.yml"):
        assert mine.read_text() == "mine\n"
    assert "$schema=x/Variable.json" in (workflows / "mine.yaml").read_text()
    assert "gitops.yml is there already, and stays as it is; it has to name the project: ." in capsys.readouterr().err


def test_more_variables_are_handed_over_under_their_own_names():
    texts = github_workflows(["prod"], "1.0", ["URL"], ["KEY"])
    for text in texts.values():
        [job] = yaml.safe_load(text)["jobs"].values()
        assert job["with"]["variables"] == "URL=${{ vars.URL }}\n", "a plan for a fork has to know it"
        assert job["secrets"]["PFA_VARIABLES"] == "KEY=${{ secrets.KEY }}\n"
