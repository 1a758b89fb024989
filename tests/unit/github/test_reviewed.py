"""Which plan counts as reviewed. The end-to-end tests say the same of two of these by the action itself."""

from dataclasses import replace

import pytest
from support.github import FORK, REPOSITORY

from pfa_gitops.github.reviewed import (
    PLAN_FILE,
    NotReviewed,
    Record,
    artifact_name,
    check_record,
    find_reviewed,
    from_json,
    to_json,
    write_record,
)
from pfa_gitops.github.surroundings import Surroundings

HEAD, MERGE = "a" * 40, "e" * 40
HERE = Surroundings(REPOSITORY, "", "", "", "push", MERGE, "9" * 40, None, "main")
RECORD = Record(REPOSITORY, 7, HEAD, "deploy", "prod")


def found(github):
    return find_reviewed(github, HERE, "deploy", "prod")


def test_the_newest_plan_of_the_last_commit(server, github):
    server.add_pull(6, HEAD, "f" * 40)
    server.add_pull(7, HEAD, MERGE)
    server.add_artifact(artifact_name(RECORD), HEAD, created_at="2026-01-01T01:00:00Z")
    newest = server.add_artifact(artifact_name(RECORD), HEAD, created_at="2026-01-01T02:00:00Z")
    server.add_artifact(artifact_name(RECORD), HEAD, created_at="2026-01-01T01:30:00Z")
    server.add_artifact(artifact_name(replace(RECORD, environment="dev")), HEAD, created_at="2026-01-01T03:00:00Z")
    reviewed = found(github)
    assert reviewed.artifact == newest["id"]
    assert reviewed.run == newest["workflow_run"]["id"]
    assert reviewed.record == RECORD
    assert from_json(to_json(reviewed)) == reviewed


@pytest.mark.parametrize(
    ("artifact", "why"),
    [
        (None, "it has no plan for its last commit"),
        ({"source": FORK}, "its plan was made by a fork"),
        ({"created_at": "2026-01-03T00:00:00Z"}, "its plan was made after the merge"),
        ({"expired": True}, "its plan has expired"),
        ({"event": "workflow_dispatch"}, "was not made by a workflow of the pull request"),
        ({"event": "push"}, "was not made by a workflow of the pull request"),
    ],
)
def test_any_other_plan_is_none(server, github, artifact, why):
    server.add_pull(7, HEAD, MERGE)
    if artifact is not None:
        server.add_artifact(artifact_name(RECORD), HEAD, **artifact)
    reviewed = found(github)
    assert why in reviewed.refusal
    assert (reviewed.pull_request, reviewed.artifact, reviewed.record) == (7, None, None)
    assert from_json(to_json(reviewed)) == reviewed


def test_a_pull_request_that_is_not_merged_or_ended_elsewhere_is_none(server, github):
    server.add_pull(7, MERGE, "f" * 40)
    server.add_pull(8, HEAD, MERGE, merged_at=None)
    server.add_pull(9, HEAD, MERGE, base="unprotected")
    server.add_artifact(artifact_name(replace(RECORD, pull_request=9)), HEAD)
    reviewed = found(github)
    assert reviewed.refusal == (
        "no pull request that was merged into main made commit eeeeeeeeeeee, so nobody reviewed a plan"
    )
    assert reviewed.pull_request is None


EARLIER, LATER = "2026-01-01T01:00:00Z", "2026-01-01T02:00:00Z"


@pytest.mark.parametrize(
    ("mine", "other", "taken"),
    [(LATER, EARLIER, 7), (LATER, None, 7), (EARLIER, LATER, 6), (None, EARLIER, 6)],
)
def test_of_several_merges_in_one_push_the_last_ones_plan_must_be_the_newest(server, github, mine, other, taken):
    first = "d" * 40
    server.add_pull(6, "b" * 40, first)
    server.add_pull(7, HEAD, MERGE)
    server.commits = [
        {"sha": first, "parents": [{"sha": "9" * 40}, {"sha": "b" * 40}]},
        {"sha": MERGE, "parents": [{"sha": first}, {"sha": HEAD}]},
    ]
    if mine:
        server.add_artifact(artifact_name(RECORD), HEAD, created_at=mine)
    if other:
        server.add_artifact(artifact_name(replace(RECORD, head="b" * 40)), "b" * 40, created_at=other)
    reviewed = found(github)
    assert reviewed.pull_request == taken  # the report goes there
    assert bool(reviewed.record) is (taken == 7)
    if taken == 6:
        assert "the newest plan here is that of pull request 6" in reviewed.refusal
        assert "pull request 7 made commit eeeeeeeeeeee" in reviewed.refusal


def test_a_name_says_what_it_is_for_and_no_two_are_the_same():
    records = [
        RECORD,
        replace(RECORD, environment="prod/x y"),
        replace(RECORD, environment="prod-x-y"),
        replace(RECORD, environment=""),
        replace(RECORD, directory="deploy/prod", environment=""),
        replace(RECORD, head="b" * 40),
    ]
    names = {artifact_name(record) for record in records}
    assert len(names) == len(records)
    for name in names:
        assert not set(name) & set('":<>|*?\\/\r\n ')


def test_the_record_is_held_against_what_is_expected(tmp_path):
    write_record(tmp_path, RECORD)
    assert check_record(tmp_path, RECORD) == tmp_path / PLAN_FILE
    with pytest.raises(NotReviewed, match="made for another head, environment"):
        check_record(tmp_path, replace(RECORD, head="b" * 40, environment="dev"))


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"head": 1}', "x" * 20_000, '{"a": ' * 3000])
def test_an_artifact_that_holds_something_else_is_refused(tmp_path, text):
    (tmp_path / "review.json").write_text(text)
    with pytest.raises(NotReviewed, match="no plan of this action"):
        check_record(tmp_path, RECORD)
