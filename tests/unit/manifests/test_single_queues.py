"""A queue that a manifest declares by itself: who refers to it, and who may not declare it too. With the real kinds."""

import pytest

from pfa_gitops.manifests.pipeline import read_workspace
from pfa_gitops.model.errors import ProblemsFound
from pfa_gitops.model.places import Address
from pfa_gitops.platforms.registry import kinds

PROJECT = "apiVersion: pfa-gitops/v1\nkind: Project\nmetadata: {name: test}\nspec: {external: [WorkPool/theirs]}\n"
HEAD = "---\napiVersion: pfa-gitops/v1\nkind: {}\nmetadata: {{name: {}}}\nspec: {}\n".format
QUEUE = HEAD("WorkQueue", "mine", "{work_pool: theirs}")


@pytest.fixture
def linked(tmp_path):
    def read(*documents: str):
        (tmp_path / "manifests").mkdir()
        (tmp_path / "pfa-gitops.yaml").write_text(PROJECT)
        (tmp_path / "manifests/a.yaml").write_text("".join(documents))
        found = read_workspace(tmp_path, None, kinds(), {}, dict)
        return {str(manifest.address): manifest for manifest in found.manifests}

    return read


def deployment(pool: str, queue: str) -> str:
    spec = f"{{flow_name: f, entrypoint: 'f.py:f', path: /srv, work_pool: {pool}, work_queue: {queue}}}"
    return HEAD("Deployment", "d", spec)


def test_it_comes_before_what_uses_it(linked):
    trigger = "{type: event}"
    steps = "[{type: pause-work-queue, work_queue: {pool: theirs, name: mine}}]"
    automation = HEAD("Automation", "a", f"{{trigger: {trigger}, actions: {steps}}}")
    found = linked(QUEUE, deployment("theirs", "mine"), automation)
    target = Address("WorkQueue", "mine")
    assert [item.target for item in found["Deployment/d"].references] == [target]
    assert [item.target for item in found["Automation/a"].references] == [target]


def test_it_may_be_one_more_queue_of_a_pool_of_this_project(linked):
    pool = HEAD("WorkPool", "p", "{name: ours, type: process, queues: [{name: other}]}")
    queue = HEAD("WorkQueue", "q", "{name: mine, work_pool: p}")
    found = linked(pool, queue, deployment("ours", "mine"))
    assert found["WorkQueue/q"].spec.work_pool == "ours"
    assert [item.target for item in found["WorkQueue/q"].references] == [Address("WorkPool", "p")]
    assert Address("WorkQueue", "q") in {item.target for item in found["Deployment/d"].references}


def test_the_pool_may_not_declare_it_too(linked):
    pool = HEAD("WorkPool", "p", "{type: process, queues: [{name: mine}]}")
    with pytest.raises(ProblemsFound) as raised:
        linked(pool, HEAD("WorkQueue", "mine", "{work_pool: p}"))
    [problem] = raised.value.problems
    assert problem.message == "WorkPool/p declares `mine` among its queues too"
    assert str(problem.origin).endswith("a.yaml:10:7")


def test_a_queue_that_nobody_declares_is_still_missed(linked):
    pool = HEAD("WorkPool", "p", "{type: process, queues: [{name: mine}]}")
    with pytest.raises(ProblemsFound) as raised:
        linked(pool, HEAD("WorkQueue", "other", "{work_pool: p}"), deployment("p", "othr"))
    assert [problem.message for problem in raised.value.problems] == ["WorkPool/p declares no `othr` among its queues"]
