"""Which projects and environments an event concerns."""

import pytest
from support.github import ROBOT

from pfa_gitops.github.selection import Changed, Target, no_longer_declared, select, what_changed
from pfa_gitops.github.surroundings import PullRequest, Surroundings
from pfa_gitops.model.errors import ReaderError

PROJECT = "apiVersion: pfa-gitops/v1\nkind: Project\nmetadata: {name: x}\n"


@pytest.fixture
def root(tmp_path):
    for folder, text in {
        "a": PROJECT + "spec: {environments: {dev: {}, prod: {}}}\n",
        "a-b": PROJECT + "spec: {}\n",
        "c/d": "not: [yaml",
        ".hidden": PROJECT,
        "node_modules/e": PROJECT,
    }.items():
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "pfa-gitops.yaml").write_text(text)
    return tmp_path


def chosen(root, changed, **more):
    given = {"wanted": (), "names": (), "shared": (), "told": frozenset(), **more}
    return select(root, given["wanted"], given["names"], Changed(changed, given["told"]), given["shared"])


ALL = [Target("a", "dev"), Target("a", "prod"), Target("a-b", "default"), Target("c/d", "default")]


@pytest.mark.parametrize(
    ("changed", "targets"),
    [
        (None, ALL),
        ([], []),
        (["README.md"], []),
        (["a/manifests/x.yaml"], ALL[:2]),
        (["a-b/flows/x.py", "c/d/x"], ALL[2:]),
        (["x/a/y"], []),
    ],
)
def test_what_changed(root, changed, targets):
    assert chosen(root, changed) == targets


def test_what_the_workflow_names(root):
    assert chosen(root, None, wanted=["./a/"], names=["prod"]) == [Target("a", "prod")]


def test_a_shared_path_concerns_all(root):
    assert chosen(root, ["lib/x/y.py"], shared=["lib/**"]) == ALL
    assert chosen(root, ["docs/y.md"], shared=["lib/**"]) == []


def test_what_a_comment_tells_of_is_planned_again_though_it_changed_no_more(root, server, github):
    server.add_pull(7, "a" * 40, "e" * 40)
    server.add_comment(7, "<!-- pfa-gitops: x/prod -->\nan older plan", ROBOT)
    server.add_comment(7, "<!-- pfa-gitops: x/dev -->\nby a person")
    server.files[7] = [{"filename": "README.md"}]
    for where in (here("pull_request", PullRequest(7, "a" * 40, is_strange=False)), here("push", before="9" * 40)):
        told = what_changed(github, where).told
        assert chosen(root, ["README.md"], told=told, wanted=["a", "c/d"]) == [Target("a", "prod")]


def test_a_project_at_the_root_is_concerned_by_everything(tmp_path):
    (tmp_path / "pfa-gitops.yaml").write_text(PROJECT)
    assert chosen(tmp_path, ["anything"]) == [Target(".", "default")]


def test_no_project_at_all(tmp_path):
    with pytest.raises(ReaderError, match=r"there is no pfa-gitops\.yaml"):
        chosen(tmp_path, None)


def test_a_change_may_remove_the_last_project_of_a_checkout(tmp_path):
    last = Changed(["pfa-gitops.yaml"], may_leave_none=True)
    with pytest.raises(ReaderError, match="there is no"):
        select(tmp_path, [], ["prod"], last, [])
    (tmp_path / ".git").mkdir()
    assert select(tmp_path, [], ["prod"], last, []) == []


def test_what_is_no_longer_declared(root):
    (root / ".git").mkdir()
    names = ("x/prod", "x/gone", "away/prod", "x/default")
    told = {f"<!-- pfa-gitops: {name} -->" for name in names} | {"<!-- pfa-gitops apply: x/gone -->", "hello"}
    assert no_longer_declared(root / "a", told) == []  # the file in c/d, which cannot be read, may be of any of them
    (root / "c" / "d" / "pfa-gitops.yaml").unlink()
    gone = ["<!-- pfa-gitops: away/prod -->", "<!-- pfa-gitops: x/gone -->"]
    assert no_longer_declared(root / "a", told) == gone


def test_more_jobs_than_a_matrix_has(tmp_path):
    names = ", ".join(f"e{number}: {{}}" for number in range(257))
    (tmp_path / "pfa-gitops.yaml").write_text(f"{PROJECT}spec: {{environments: {{{names}}}}}\n")
    with pytest.raises(ReaderError, match="more than the 256 jobs"):
        chosen(tmp_path, None)


def test_a_project_has_no_job_for_an_environment_of_another_one(root):
    """One whose file cannot be read has all that are named: such a job tells what is wrong."""
    expected = [Target("a", "prod"), Target("c/d", "prod"), Target("c/d", "default"), Target("a-b", "default")]
    assert set(chosen(root, None, names=["prod", "default"])) == set(expected)


def test_an_environment_that_no_project_has_is_told(root):
    (root / "c" / "d" / "pfa-gitops.yaml").unlink()
    with pytest.raises(ReaderError, match="no project has the environment prd") as told:
        chosen(root, None, names=["dev", "prd"])
    assert "prod" in told.value.mend


def here(event, pull_request=None, before=""):
    return Surroundings("acme/flows", "", "", "", event, "e" * 40, before, pull_request, "main")


def test_of_a_pull_request_renamed_files_count_twice(server, github):
    server.files[7] = [{"filename": "new", "previous_filename": "old"}, *({"filename": str(n)} for n in range(150))]
    paths = what_changed(github, here("pull_request", PullRequest(7, "a" * 40, is_strange=False))).paths
    assert paths[:2] == ["new", "old"]
    assert len(paths) == 152


def test_of_a_push_with_several_merges_all_count(server, github):
    """As a merge queue makes them: each has a merge commit, and the branch's last one is only one of them."""
    server.add_pull(6, "a" * 40, "d" * 40)
    server.add_pull(7, "b" * 40, "e" * 40)
    server.add_pull(5, "c" * 40, "9" * 40)  # was there before
    server.commits = [
        {"sha": "a" * 40, "parents": [{"sha": "9" * 40}]},
        {"sha": "d" * 40, "parents": [{"sha": "9" * 40}, {"sha": "a" * 40}]},
        {"sha": "e" * 40, "parents": [{"sha": "d" * 40}, {"sha": "b" * 40}]},
    ]
    server.compared = [{"filename": "x"}, {"filename": "y"}]
    server.files = {5: [{"filename": "z"}], 6: [{"filename": "x"}], 7: [{"filename": "y"}, {"filename": "taken back"}]}
    for number in (5, 6, 7):
        server.add_comment(number, f"<!-- pfa-gitops: x/{number} -->", ROBOT)
    changed = what_changed(github, here("push", before="9" * 40))
    assert set(changed.paths) == {"x", "y", "taken back"}
    assert changed.told == {"<!-- pfa-gitops: x/6 -->", "<!-- pfa-gitops: x/7 -->"}


def test_of_a_push_its_commits_count(server, github):
    server.compared = [{"filename": "y"}]
    assert what_changed(github, here("push", before="9" * 40)).paths == ["y"]
    server.compared = [{"filename": str(number)} for number in range(300)]
    assert what_changed(github, here("push", before="9" * 40)).paths is None


def test_where_github_lists_no_more_everything_counts(server, github):
    server.files[7] = [{"filename": str(number)} for number in range(3000)]
    assert what_changed(github, here("pull_request", PullRequest(7, "a" * 40, is_strange=False))).paths is None


@pytest.mark.parametrize("where", [here("schedule"), here("workflow_dispatch"), here("push", before="0" * 40)])
def test_everything_counts_where_nothing_is_to_compare_with(github, where):
    assert what_changed(github, where).paths is None
