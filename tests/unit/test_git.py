"""What is known of a checkout, asked of the real git."""

import os
import subprocess

import pytest

from pfa_gitops.git import default_branch, describe, root


@pytest.fixture
def checkout(tmp_path):
    def git(*arguments: str) -> None:
        who = ("-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false")
        subprocess.run(["git", *who, *arguments], cwd=tmp_path, check=True, capture_output=True)

    git("init", "--initial-branch", "main")
    (tmp_path / "file").write_text("one")
    git("add", "file")
    git("commit", "--message", "first")
    return tmp_path


def test_a_checkout_is_described_and_a_tag_that_is_not_there_left_out(checkout):
    found = describe(checkout)
    assert found.keys() == {"commit", "short_commit", "branch", "dirty"}
    assert found["commit"].startswith(found["short_commit"])
    assert (found["branch"], found["dirty"]) == ("main", "false")
    (checkout / "file").write_text("two")
    assert describe(checkout)["dirty"] == "true"


@pytest.mark.parametrize(
    ("file", "dirty"),
    [("plan.json", "false"), ("reports/plän.html", "false"), ("manifests/new.yaml", "true"), ("flow.py", "true")],
)
def test_a_plan_that_lies_in_the_checkout_does_not_make_it_dirty_and_a_new_manifest_does(checkout, file, dirty):
    (checkout / file).parent.mkdir(exist_ok=True)
    (checkout / file).write_text("new")
    assert describe(checkout)["dirty"] == dirty


def test_a_report_that_git_knows_is_a_file_like_another(checkout):
    for name in ("config.json", "gone.md"):
        (checkout / name).write_text("one")
    subprocess.run(["git", "add", "."], cwd=checkout, check=True)
    assert describe(checkout)["dirty"] == "true"


def test_a_branch_whose_name_is_no_utf_8_is_described(checkout):
    (checkout / ".git/HEAD").write_bytes(b"ref: refs/heads/caf\xe9\n")
    head = checkout / ".git/refs/heads"
    (head / "main").rename(os.fsdecode(bytes(head) + b"/caf\xe9"))
    assert describe(checkout)["branch"] == "caf\ufffd"


def test_where_git_cannot_tell_whether_it_is_dirty_nothing_is_said_of_it(checkout):
    (checkout / ".git" / "index").write_text("no index")
    found = describe(checkout)
    assert "commit" in found
    assert "dirty" not in found


def test_the_root_and_the_default_branch(checkout):
    def git(*arguments: str) -> None:
        subprocess.run(["git", *arguments], cwd=checkout, check=True, capture_output=True)

    (checkout / "deploy").mkdir()
    assert root(checkout / "deploy") == checkout
    assert default_branch(checkout / "deploy") == "main"
    git("branch", "-m", "trunk")
    assert default_branch(checkout) == "trunk"
    git("checkout", "-b", "a-feature")
    assert default_branch(checkout) is None
    git("branch", "master", "trunk")
    assert default_branch(checkout) == "master"
    git("update-ref", "refs/remotes/origin/trunk", "HEAD")
    git("symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/trunk")
    assert default_branch(checkout) == "trunk"


def test_a_new_repository_has_a_branch_without_a_commit(tmp_path):
    subprocess.run(["git", "init", "-q", "--initial-branch", "trunk", str(tmp_path)], check=True)
    assert default_branch(tmp_path) == "trunk"
    assert root(tmp_path) == tmp_path


def test_outside_of_a_checkout_nothing_is_known(tmp_path, monkeypatch):
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert describe(tmp_path) == {}
