"""The digest of a directory, and paths that must stay inside of the project."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from pfa_gitops.platforms.anyscale._source_files import Unreadable, digest, directory_below, read_text, requirements_of
from pfa_gitops.platforms.anyscale.agent import KIND
from pfa_gitops.platforms.anyscale.image import KIND as IMAGE


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    for name in ("src/flow.py", "src/deep/more.py", "src/notes.md"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(name)
    return root


def of(project: Path, *excludes: str) -> str:
    return digest(project, ["src"], [], excludes)


def test_times_and_the_place_of_the_project_do_not_count(project, tmp_path):
    before = of(project)
    os.utime(project / "src" / "flow.py", (10**9, 10**9))
    moved = project.rename(tmp_path / "elsewhere")
    assert of(moved) == before


@pytest.mark.parametrize(
    "change",
    [
        lambda src: (src / "flow.py").write_text("other"),
        lambda src: (src / "flow.py").rename(src / "renamed.py"),
        lambda src: (src / "flow.py").chmod(0o755),
        lambda src: (src / "deep" / "more.py").unlink(),
        lambda src: (src / "new.py").write_text(""),
    ],
)
def test_contents_names_and_the_right_to_execute_count(project, change):
    before = of(project)
    change(project / "src")
    assert of(project) != before


@pytest.mark.parametrize(
    "name", [".git/HEAD", ".venv/lib.py", "venv/lib.py", "__pycache__/a.pyc", "deep/__pycache__/b"]
)
def test_what_is_never_uploaded_does_not_count(project, name):
    before = of(project)
    path = project / "src" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("x")
    assert of(project) == before


def test_excluded_and_ignored_files_do_not_count(project):
    excluding = of(project, "*.md", "deep/")
    (project / "src" / "notes.md").write_text("changed")
    (project / "src" / "deep" / "more.py").write_text("changed")
    assert of(project, "*.md", "deep/") == excluding
    (project / "src" / ".gitignore").write_text("*.log\n")
    ignoring = of(project)
    (project / "src" / "run.log").write_text("x")
    assert of(project) == ignoring


def test_a_link_out_of_the_project_is_not_followed(project, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("one")
    (project / "src" / "link").symlink_to(secret)
    before = of(project)
    secret.write_text("two")
    assert of(project) == before


def test_a_link_to_a_directory_counts_as_what_it_leads_to_as_the_sdk_uploads_it(project):
    shared = project / "shared"
    shared.mkdir()
    (shared / "a.py").write_text("one")
    (project / "src" / "link").symlink_to("../shared")
    before = of(project)
    (shared / "a.py").write_text("two")
    assert of(project) != before


def test_a_link_to_a_directory_out_of_the_project_is_not_followed(project, tmp_path):
    (tmp_path / "outside").mkdir()
    (project / "src" / "link").symlink_to(tmp_path / "outside")
    before = of(project)
    (tmp_path / "outside" / "secret").write_text("two")
    assert of(project) == before


def test_links_in_a_circle_end(project):
    (project / "src" / "deep" / "up").symlink_to("..")
    before = of(project)
    (project / "src" / "flow.py").write_text("other")
    assert of(project) != before
    (project / "circle").symlink_to("circle")
    with pytest.raises(Unreadable, match="circle cannot be read"):
        directory_below(project, "circle")


def test_the_name_of_a_module_counts_since_it_is_imported_by_it(project):
    shutil.copytree(project / "src", project / "other")
    assert digest(project, [], ["src"], []) != digest(project, [], ["other"], [])
    assert digest(project, ["src"], [], []) == digest(project, ["other"], [], [])


@pytest.fixture(params=["src", "src/deep", "src/.gitignore", "src/flow.py"])
def locked(request: pytest.FixtureRequest) -> Iterator[Path]:
    """A path in a project that may not be read. Root may read everything, so that it steps down for a while."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        root.chmod(0o755)
        (root / "src" / "deep").mkdir(parents=True)
        for name in (".gitignore", "flow.py"):
            (root / "src" / name).write_text("")
        digest(root, ["src"], [], [])  # it imports, which needs root's rights too
        (root / request.param).chmod(0)
        was = os.geteuid()
        if was == 0:
            os.seteuid(65534)
        yield root / request.param
        os.seteuid(was)
        (root / request.param).chmod(0o755)


def test_what_may_not_be_read_is_a_flaw_and_no_traceback(locked):
    spec = {"work_pool": "p", "prefect": {"api_url": "http://x/api"}, "working_dir": "src"}
    root = next(parent for parent in locked.parents if parent.name != "src")
    [flaw] = KIND.complete(KIND.spec.model_validate(spec), root).flaws
    assert flaw.path == ("working_dir",)
    assert str(locked) in flaw.message
    assert flaw.message.endswith("cannot be read: Permission denied")


@pytest.mark.parametrize("name", ["../outside", "/etc/hostname", "missing"])
def test_paths_out_of_the_project_and_missing_ones_are_unreadable(project, tmp_path, name):
    (tmp_path / "outside").write_text("x")
    with pytest.raises(Unreadable, match="project's directory"):
        read_text(project, name)


def test_a_file_is_no_directory_and_a_binary_no_text(project):
    (project / "binary").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(Unreadable, match="is no directory"):
        directory_below(project, "src/flow.py")
    with pytest.raises(Unreadable, match="not a text file"):
        read_text(project, "binary")


def test_requirements_lose_their_comments():
    assert requirements_of("# all\nboto3==1  # aws\n\n httpx\n") == ["boto3==1", "httpx"]


AGENT = {"work_pool": "p", "prefect": {"api_url": "http://x/api"}}


@pytest.mark.parametrize(
    ("fields", "path", "message"),
    [
        ({"working_dir": "http://[x"}, ("working_dir",), "the URI cannot be read"),
        ({"working_dir": "a\0b"}, ("working_dir",), "null character"),
        ({"py_modules": ["a\0b"]}, ("py_modules",), "null character"),
        ({"containerfile": "a\0b"}, ("containerfile",), "null character"),
        ({"requirements": "a\0b"}, ("requirements",), "null character"),
        ({"excludes": ["*.log", "!"]}, ("excludes", 1), "pattern of files cannot be read"),
        ({"excludes": ["[z-a]"]}, ("excludes", 0), "pattern of files cannot be read"),
    ],
)
def test_what_names_no_file_is_a_flaw_of_its_field(project, fields, path, message):
    [flaw] = KIND.complete(KIND.spec.model_validate({**AGENT, **fields}), project).flaws
    assert (flaw.path, flaw.mend != "") == (path, True)
    assert message in flaw.message


def test_a_gitignore_that_cannot_be_read_is_a_flaw_with_its_line(project):
    (project / "src" / ".gitignore").write_text("# ours\n\n!\n")
    [flaw] = KIND.complete(KIND.spec.model_validate({**AGENT, "working_dir": "src"}), project).flaws
    assert flaw.path == ("working_dir",)
    assert flaw.message.endswith("src/.gitignore cannot be read: line 3 is no pattern of files")


def test_flaws_of_files_name_the_field(project):
    bad = {"working_dir": "../x", "requirements": "no.txt", "containerfile": "no", "py_modules": ["src/flow.py"]}
    flaws = KIND.complete(KIND.spec.model_validate({**AGENT, **bad}), project).flaws
    assert {flaw.path for flaw in flaws} == {("working_dir",), ("requirements",), ("containerfile",), ("py_modules",)}
    [flaw] = IMAGE.complete(IMAGE.spec(containerfile="../x"), project).flaws
    assert flaw.path == ("containerfile",)
