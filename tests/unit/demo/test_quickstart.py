"""The demo's copy of the quickstart, and the one change that it makes."""

import pytest

from pfa_gitops.demo import quickstart
from pfa_gitops.manifests.pipeline import read_workspace
from pfa_gitops.model.errors import ReaderError
from pfa_gitops.platforms.registry import kinds


def highest_number(folder):
    found = read_workspace(folder, None, kinds(), {}, dict)
    [deployment] = [manifest.spec for manifest in found.manifests if manifest.address.kind == "Deployment"]
    return deployment.parameters["highest_number"]


def contents(folder):
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}


def test_the_change_is_one_line_of_one_file_and_changes_one_field(tmp_path):
    quickstart.copy(tmp_path / "before")
    quickstart.copy(tmp_path / "after")
    quickstart.change(tmp_path / "after")
    before, after = (
        (tmp_path / name / quickstart.CHANGED_FILE).read_text().split("\n") for name in ("before", "after")
    )
    assert sum(left != right for left, right in zip(before, after, strict=True)) == 1
    before, after = (contents(tmp_path / name) for name in ("before", "after"))
    assert {name for name in before if before[name] != after[name]} == {quickstart.CHANGED_FILE}
    assert (highest_number(tmp_path / "before"), highest_number(tmp_path / "after")) == (10, 12)
    assert f"counted to {highest_number(tmp_path / 'before')}" == quickstart.LAST_LINE


def test_the_copy_has_no_data_of_a_stack(tmp_path):
    quickstart.copy(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        ".prefectignore",
        "Containerfile",
        "flows",
        "manifests",
        "pfa-gitops.yaml",
    ]


def test_a_folder_that_is_in_use_is_left_alone(tmp_path):
    quickstart.require_empty(tmp_path / "new")
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(ReaderError, match="is not empty"):
        quickstart.require_empty(tmp_path)
