"""Requests to GitHub: what is tried again, what is not, and what a refusal says."""

import time

import pytest
from support.github import READ_ONLY, REPOSITORY, TOKEN, Fault

from pfa_gitops.github.api import GitHub
from pfa_gitops.model.errors import (
    Invalid,
    MaybeArrived,
    NotFound,
    ReaderError,
    Unauthorized,
    Unavailable,
    Unreachable,
)


def test_a_read_is_tried_again(server, github):
    server.faults += [Fault("GET /pulls", 502, times=2), Fault("GET /pulls", 429, headers={"retry-after": "0"})]
    server.files[7] = [{"filename": "a"}]
    assert list(github.pages("/pulls/7/files", "pull-requests: read")) == [{"filename": "a"}]
    assert len(server.calls) == 4


def test_tries_are_bounded(server, github):
    server.faults.append(Fault("GET /pulls", 503, times=1000, headers={"retry-after": "0"}))
    with pytest.raises(Unavailable) as failed:
        github.get("/pulls/7/files", "pull-requests: read")
    assert len(server.calls) == 6
    assert "GitHub answered 503 to GET" in failed.value.message
    assert "Something went wrong" in failed.value.message


def test_a_create_whose_answer_is_lost_is_not_sent_again(server, github):
    server.faults.append(Fault("POST /issues", 502, after_it_was_done=True))
    with pytest.raises(MaybeArrived):
        github.create("/issues/7/comments", "pull-requests: write", {"body": "text"})
    assert len(server.comments) == 1
    assert len(server.calls) == 1


@pytest.mark.parametrize("status", [403, 429])
def test_a_rate_limit_that_lasts_is_told_with_its_end(server, github, status):
    reset = int(time.time()) + 3600
    headers = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(reset)}
    server.faults.append(Fault("GET /pulls", status, times=1000, headers=headers))
    with pytest.raises(Unavailable) as failed:
        github.get("/pulls/7/files", "pull-requests: read")
    assert len(server.calls) == 1
    assert failed.value.message == "GitHub's rate limit is used up"
    assert time.strftime("%H:%M", time.gmtime(reset)) in failed.value.mend


def test_a_short_rate_limit_is_waited_for_also_for_a_create(server, github):
    server.faults.append(Fault("POST /issues", 403, headers={"retry-after": "0"}))
    assert github.create("/issues/7/comments", "pull-requests: write", {"body": "text"})["body"] == "text"


@pytest.mark.parametrize(
    ("status", "error", "mend"),
    [
        (401, Unauthorized, ""),
        (403, Unauthorized, "the job needs `issues: write` under `permissions:`"),
        (404, NotFound, "the job needs `issues: write` under `permissions:`"),
        (410, Invalid, "switch issues on in the repository's settings"),
        (422, Invalid, ""),
        (301, Invalid, ""),
    ],
)
def test_a_refusal_says_what_it_asks_for(server, github, status, error, mend):
    server.faults.append(Fault("PATCH /issues", status))
    with pytest.raises(error) as failed:
        github.change("/issues/1", "issues: write", {})
    assert len(server.calls) == 1
    assert failed.value.mend.startswith(mend)
    assert str(status) in failed.value.message
    assert failed.value.exit_code == 4


def test_nothing_there():
    with GitHub("http://127.0.0.1:1", "", REPOSITORY, TOKEN) as gone, pytest.raises(Unreachable) as failed:
        gone.get("/issues/7/comments", "")
    assert failed.value.message == "nothing answers at 127.0.0.1: Connection refused"


def test_an_address_that_is_none():
    with GitHub("api", "api/graphql", REPOSITORY, TOKEN) as wrong, pytest.raises(ReaderError, match="is none"):
        wrong.login()


def test_no_token_is_told_before_anything_is_sent():
    with pytest.raises(ReaderError) as failed:
        GitHub("http://127.0.0.1:1", "", REPOSITORY, "")
    assert failed.value.message == "GITHUB_TOKEN is not set"


def test_the_token_is_in_no_message(server):
    with GitHub(server.url, f"{server.url}/graphql", REPOSITORY, f"{READ_ONLY}x") as stranger:
        for act in (stranger.login, lambda: stranger.get("/pulls/7/files", "")):
            with pytest.raises(Unauthorized) as failed:
                act()
            assert READ_ONLY not in failed.value.message + failed.value.mend


def test_who_is_not_told_owns_nothing(server, github):
    server.user = {"login": "", "type": "User"}
    with pytest.raises(Invalid, match="whose the token is"):
        github.login()


def test_a_list_without_an_end_is_given_up(server, github):
    server.files[7] = [{"filename": str(number)} for number in range(10_100)]
    with pytest.raises(Invalid, match="more than 10000"):
        list(github.pages("/pulls/7/files", ""))
