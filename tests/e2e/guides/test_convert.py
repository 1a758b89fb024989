"""The guide on `convert` shows what the command says of its example; and what people can do wrong."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from support.commands import Workdir

ROOT = Path(__file__).parents[3]
GUIDE = (ROOT / "docs" / "guides" / "convert.md").read_text()
SERVICE = ("--service", "prefect-agent-service.yaml")
SCRIPT = ("--python", "deploy.py")


@pytest.fixture
def folder(tmp_path):
    """The example, in a git checkout of its own."""
    shutil.copytree(ROOT / "examples" / "convert", tmp_path / "shop")
    for command in (["init", "-q"], ["add", "."], ["-c", "user.name=t", "-c", "user.email=t@t", "commit", "-qm", "x"]):
        subprocess.run(["git", *command], cwd=tmp_path / "shop", check=True)
    return Workdir(tmp_path / "shop", {"HOME": str(tmp_path), "PREFECT_HOME": str(tmp_path / "prefect")})


def test_the_guide_shows_what_the_command_prints(folder):
    done = folder.pfa("convert")
    assert f"```yaml\n{done.stdout}```" in GUIDE
    assert f"```\n{done.stderr}```" in GUIDE


@pytest.mark.parametrize("source", [SERVICE, SCRIPT], ids=["service", "script"])
def test_the_guide_shows_the_manifests_of_the_other_files(folder, source):
    done = folder.pfa("convert", *source)
    assert done.returncode == 0
    for document in done.stdout.rstrip().split("---\n")[1:]:
        assert document.rstrip() in GUIDE


def test_the_guide_shows_what_becomes_of_a_trigger(folder):
    trigger, automation = yaml_of_the_guide("### Triggers")[:2]
    folder.write("prefect.yaml", f"pull: []\ndeployments:\n{trigger}")
    assert folder.pfa("convert").stdout.endswith(f"---\n{automation}")


def test_the_guide_shows_what_becomes_of_a_service(folder):
    service, manifest = yaml_of_the_guide("## Any other service")[:2]
    folder.write("service.yaml", service)
    assert folder.pfa("convert", "--service", "service.yaml").stdout.endswith(f"---\n{manifest}")


def yaml_of_the_guide(heading: str) -> list[str]:
    """The YAML below a heading, block by block."""
    return re.findall(r"```yaml\n(.*?)```", GUIDE.partition(f"\n{heading}\n")[2], re.DOTALL)


def test_all_three_into_one_folder_make_a_valid_project(folder):
    assert folder.pfa("convert", "-o", ".").returncode == 0
    assert folder.pfa("convert", *SERVICE, "-o", ".").returncode == 0
    done = folder.pfa("convert", *SCRIPT, "-o", ".")
    assert "pfa-gitops.yaml stays as it is; these manifests need in its spec:\nexternal: [" in done.stderr
    project = folder.folder / "pfa-gitops.yaml"
    kept = project.read_text()
    project.write_text(
        kept.replace("[WorkPool/kubernetes]", "[WorkPool/kubernetes, Block/s3-bucket/*, ComputeConfig/*]")
    )
    done = folder.pfa("validate", REGION="eu")
    assert (done.returncode, done.stdout) == (0, "5 manifests are valid in environment default.\n")


def test_printed_it_is_a_project_in_one_file(folder):
    folder.write("pfa-gitops.yaml", folder.pfa("convert").stdout)
    assert folder.pfa("validate", REGION="eu").returncode == 0


def test_files_that_are_there_are_overwritten_only_with_force(folder):
    assert folder.pfa("convert", "-o", "out").returncode == 0
    file = folder.folder / "out" / "manifests" / "deployments" / "prices.yaml"
    converted = file.read_text()
    assert folder.pfa("convert", "-o", "out").returncode == 0, "the same again is no clash"
    file.write_text("mine")
    done = folder.pfa("convert", "-o", "out")
    assert done.returncode == 1
    assert "out/manifests/deployments/prices.yaml exists already" in done.stderr
    assert file.read_text() == "mine"
    (folder.folder / "out" / "pfa-gitops.yaml").write_text("mine too")
    assert folder.pfa("convert", "-o", "out", "--force").returncode == 0
    assert file.read_text() == converted
    assert (folder.folder / "out" / "pfa-gitops.yaml").read_text() == "mine too"


def test_one_json_document(folder):
    document = folder.document("convert", "-o", "out")
    assert document["format"] == "pfa-gitops/conversion/v1"
    assert [one["metadata"]["name"] for one in document["manifests"]] == ["prices"]
    assert document["project"]["spec"]["env"] == ["REGION"]
    assert document["files"] == ["pfa-gitops.yaml", "manifests/deployments/prices.yaml"]
    lost = [(one["file"], one["line"], one["address"]) for one in document["remarks"] if one["sort"] == "lost"]
    assert lost == [("prefect.yaml", 33, "Deployment/prices")]


def test_where_nothing_can_be_converted_the_exit_code_is_1_and_nothing_is_written(folder):
    folder.write("none.yaml", "deployments: [{name: a}]")
    done = folder.pfa("convert", "none.yaml", "-o", "out", "--format", "json")
    assert done.returncode == 1
    document = json.loads(done.stdout)
    assert document["manifests"] == document["files"] == []
    assert [one["sort"] for one in document["remarks"]] == ["refused"]
    assert "none.yaml:1:16: the deployment a names no entrypoint" in done.stderr
    assert not (folder.folder / "out").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("prefect.yaml", *SCRIPT), "more than one file is given"),
        (("gone.yaml",), "gone.yaml"),
        (("deploy.py",), "give it as --python deploy.py"),
        (("prefect-agent-service.yaml",), "the file has no deployments"),
        (("--service", "prefect.yaml"), "this is no service of Anyscale"),
        (("--python", "prefect.yaml"), "it is not valid Python"),
        (("latin.yaml",), "is not UTF-8"),
        (("-o", "prefect.yaml"), "prefect.yaml"),
    ],
)
def test_what_people_do_wrong_is_told_and_exits_with_1(folder, arguments, said):
    (folder.folder / "latin.yaml").write_bytes(b"name: \xe9")
    done = folder.pfa("convert", *arguments)
    assert done.returncode == 1
    assert said in done.stderr
    assert done.stdout == ""


def test_without_a_file_it_is_the_prefect_yaml_here(folder):
    (folder.folder / "prefect.yaml").unlink()
    done = folder.pfa("convert")
    assert done.returncode == 1
    assert "there is no prefect.yaml here" in done.stderr
