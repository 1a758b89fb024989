"""Plans, applies and checks as CI and people read them elsewhere, against a real server."""

import json
import uuid
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from support.commands import Workdir

EXAMPLE = Path(__file__).parents[2] / "examples" / "quickstart"
PROJECT = "apiVersion: pfa-gitops/v1\nkind: Project\nmetadata: {name: NAME}\n"


def variable(name, value="1"):
    return f"apiVersion: pfa-gitops/v1\nkind: Variable\nmetadata: {{name: {name}}}\nspec: {{value: {value}}}\n---\n"


@pytest.fixture
def name():
    return f"r{uuid.uuid4().hex[:10]}"


@pytest.fixture
def offline(tmp_path, name):
    project = Workdir(tmp_path, {"HOME": str(tmp_path), "PREFECT_HOME": str(tmp_path / "prefect")})
    project.write("pfa-gitops.yaml", PROJECT.replace("NAME", name))
    return project


@pytest.fixture
def project(offline, prefect_server):
    offline.environment = {**offline.environment, **prefect_server.environment}
    return offline


def test_from_a_plan_on_a_pull_request_to_the_report_of_its_apply(project, name):
    project.write("manifests/a.yaml", variable(name, "'`|<b>@octocat'"))
    arguments = ("--report", "plan.md", "--report", "plan.html", "--report", "plan.json", "-o", "saved.json")
    planned = project.pfa("plan", "--format", "markdown", "--more-at", "https://ci.example/1", *arguments)
    assert planned.returncode == 0
    assert planned.stdout.startswith(f"<!-- pfa-gitops: {name}/default -->\n### Plan for `{name}`")
    assert f"<code>Variable/{name}</code> is created</summary>" in planned.stdout
    assert '+ value: "`|<b>@octocat"' in planned.stdout
    assert "See [the whole plan](https://ci.example/1)." in planned.stdout
    assert (project.folder / "plan.md").read_text() == planned.stdout.replace(
        "\nSee [the whole plan](https://ci.example/1).\n", ""
    )
    assert "`|&lt;b&gt;@octocat" in (project.folder / "plan.html").read_text()
    assert json.loads((project.folder / "plan.json").read_text())["summary"]["create"] == 1
    applied = project.pfa("apply", "saved.json", "--format", "markdown", "--report", "done.md", "--report", "done.json")
    assert applied.returncode == 0
    assert applied.stdout.startswith(f"<!-- pfa-gitops apply: {name}/default -->\n### Apply for")
    assert f"- `+` `Variable/{name}` created in " in applied.stdout
    assert (project.folder / "done.md").read_text() == applied.stdout
    assert project.pfa("plan", *arguments).returncode == 0  # over what it wrote itself
    assert json.loads((project.folder / "done.json").read_text())["summary"]["done"] == 1
    assert project.pfa("plan", "--format", "markdown").stdout == (
        f"<!-- pfa-gitops: {name}/default -->\n**`{name}` in environment `default`**: nothing to change, 1 unchanged.\n"
    )
    page = project.pfa("plan", "--format", "html").stdout
    assert page.startswith("<!DOCTYPE html>")
    assert "Nothing to change" in page


def test_a_plan_that_fails_leaves_no_older_report_behind(project, name):
    project.write("manifests/a.yaml", variable(name))
    arguments = ("plan", "--report", "plan.md", "-o", "saved.json")
    assert project.pfa(*arguments).returncode == 0
    project.write("manifests/a.yaml", variable(name).replace("Variable", "Varable"))
    assert project.pfa(*arguments).returncode == 1
    assert not (project.folder / "plan.md").exists()
    assert not (project.folder / "saved.json").exists()


def test_a_report_needs_a_name_that_says_its_form(offline):
    for command in (("plan",), ("apply", "--auto-approve")):
        done = offline.pfa(*command, "--report", "plan.pdf")
        assert done.returncode == 1
        assert "plan.pdf: no report has such a name" in done.stderr
        assert ".md" in done.stderr


@pytest.mark.parametrize(
    ("command", "why"),
    [
        (("plan", "--report", "mine.md"), "mine.md exists, and is nothing that this command writes"),
        (("plan", "--report", "mine.html"), "mine.html exists, and is nothing that this command writes"),
        (("plan", "--report", "saved.json"), "saved.json exists, and is nothing that this command writes"),
        (("plan", "-o", "a.json", "--report", "./a.json"), "a.json is named twice"),
        (("plan", "--report", "a.md", "--report", "a.md"), "a.md is named twice"),
        (("apply", "saved.json", "--report", "saved.json"), "saved.json is named twice"),
        (("graph", "-o", "mine.md"), "mine.md exists, and is nothing that this command writes"),
    ],
)
def test_no_report_takes_the_place_of_something_else(offline, command, why):
    saved = {"format": "pfa-gitops/saved-plan/v1", "tool_version": "1", "project": "p", "environment": "e"}
    texts = {
        "mine.md": "# mine",
        "mine.html": "<html>",
        "saved.json": json.dumps(saved | {"places": {}, "receipts": []}),
    }
    for name, text in texts.items():
        offline.write(name, text)
    offline.write("manifests/a.yaml", variable("a"))
    done = offline.pfa(*command)
    assert done.returncode == 1
    assert why in done.stderr
    for name, text in texts.items():
        assert (offline.folder / name).read_text() == text


def test_validate_as_junit(offline, name):
    offline.write("manifests/a.yaml", variable(name))
    offline.write("manifests/b.yaml", variable("other"))
    good = offline.pfa("validate", "--format", "junit", "--junit", "checked.xml")
    assert (good.returncode, good.stderr) == (0, "")
    assert [case.get("name") for case in ET.fromstring(good.stdout).iter("testcase")] == [
        "manifests/a.yaml",
        "manifests/b.yaml",
        "pfa-gitops.yaml",
    ]
    assert (offline.folder / "checked.xml").read_text() == good.stdout
    offline.write("manifests/b.yaml", variable("other").replace("value", "valu"))
    bad = offline.pfa("validate", "--junit", "checked.xml")
    assert (bad.returncode, bad.stdout) == (1, "")
    root = ET.parse(offline.folder / "checked.xml").getroot()
    assert (root.get("tests"), root.get("failures")) == ("3", "1")
    [failure] = root.iter("failure")
    assert failure.get("message").startswith("manifests/b.yaml:4:8: unknown field `spec.valu`")
    offline.write("pfa-gitops.yaml", "kind: Nothing\n")
    worse = offline.pfa("validate", "--format", "junit")
    assert worse.returncode == 1
    [case] = ET.fromstring(worse.stdout).iter("testcase")
    assert case.get("name") == "pfa-gitops.yaml"


def test_graphs_of_the_quickstart(tmp_path):
    example = Workdir(EXAMPLE, {"HOME": str(tmp_path)})
    drawn = example.pfa("graph", "WorkPool/anyscale")
    assert drawn.stdout.splitlines()[:2] == ["flowchart LR", '  n0["Agent/prefect-agent"]']
    assert '"Deployment/prefect-test"' in drawn.stdout
    assert "Image" not in drawn.stdout
    assert example.pfa("graph", "--format", "dot").stdout.startswith("digraph {\n")
    written = example.pfa("graph", "--format", "svg", "-o", str(tmp_path / "graph.svg"))
    assert written.stderr == f"7 objects and 7 references are in {tmp_path / 'graph.svg'}\n"
    ET.parse(tmp_path / "graph.svg")
    for form in ("mermaid", "dot", "svg", "mermaid"):  # each over the one before it
        assert example.pfa("graph", "--format", form, "-o", str(tmp_path / "graph.svg")).returncode == 0
    wrong = example.pfa("graph", "WorkPool/nope")
    assert wrong.returncode == 1
    assert "no manifest WorkPool/nope" in wrong.stderr
