"""One comment per marker, and never anybody else's."""

import pytest
from support.github import PERSON, ROBOT, Fault

from pfa_gitops.github.comments import put_comment
from pfa_gitops.model.errors import MaybeArrived

MARK = "<!-- pfa-gitops: shop/prod -->"
OTHER = "<!-- pfa-gitops: shop/dev -->"


def own(server):
    return [comment["body"] for comment in server.comments if comment["user"] == ROBOT]


def test_the_first_one_is_made_and_the_next_one_edits_it(server, github):
    url = put_comment(github, 7, f"{MARK}\none")
    assert put_comment(github, 7, f"{MARK}\ntwo") == url
    assert own(server) == [f"{MARK}\ntwo"]
    assert [call.method for call in server.writes] == ["POST", "PATCH"]


def test_what_it_says_already_is_not_written(server, github):
    put_comment(github, 7, f"{MARK}\none")
    put_comment(github, 7, f"{MARK}\none")
    assert len(server.writes) == 1


def test_it_is_found_on_a_later_page(server, github):
    for number in range(250):
        server.add_comment(7, f"comment {number}")
    server.add_comment(7, f"{MARK}\r\nolder", ROBOT)
    put_comment(github, 7, f"{MARK}\nnewer")
    assert own(server) == [f"{MARK}\nnewer"]
    assert len([call for call in server.calls if call.method == "GET"]) == 3


def test_environments_have_comments_of_their_own(server, github):
    put_comment(github, 7, f"{MARK}\nprod")
    put_comment(github, 7, f"{OTHER}\ndev")
    put_comment(github, 8, f"{MARK}\nprod")
    assert len(own(server)) == 3


@pytest.mark.parametrize(
    "user", [PERSON, {"login": "github-actions", "type": "User"}, {"login": "other[bot]", "type": "Bot"}, None]
)
def test_a_comment_of_somebody_else_with_the_marker_is_left_alone(server, github, user):
    theirs = server.add_comment(7, f"{MARK}\nmine!", user)
    put_comment(github, 7, f"{MARK}\nplan")
    assert theirs["body"] == f"{MARK}\nmine!"
    assert own(server) == [f"{MARK}\nplan"]


@pytest.mark.parametrize("text", [f"see:\n{MARK}", f"{MARK} and more", f"> {MARK}"])
def test_the_marker_counts_in_the_first_line_only(server, github, text):
    quoting = server.add_comment(7, text, ROBOT)
    put_comment(github, 7, f"{MARK}\nplan")
    assert quoting["body"] == text


def test_a_persons_token_knows_its_person(server, github):
    server.user = PERSON
    mine = server.add_comment(7, f"{MARK}\nold", PERSON)
    put_comment(github, 7, f"{MARK}\nnew")
    assert mine["body"] == f"{MARK}\nnew"


def test_a_lost_answer_makes_no_second_one(server, github):
    server.faults.append(Fault("POST /issues", 504, after_it_was_done=True))
    put_comment(github, 7, f"{MARK}\nplan")
    assert own(server) == [f"{MARK}\nplan"]


def test_a_create_that_did_not_arrive_is_sent_again(server, github):
    server.faults.append(Fault("POST /issues", 502))
    put_comment(github, 7, f"{MARK}\nplan")
    assert own(server) == [f"{MARK}\nplan"]


def test_it_is_given_up_in_the_end(server, github):
    server.faults.append(Fault("POST /issues", 502, times=1000))
    with pytest.raises(MaybeArrived):
        put_comment(github, 7, f"{MARK}\nplan")
    assert [call.method for call in server.writes] == ["POST"] * 3


def test_doubles_of_its_own_go(server, github):
    """Two jobs at once may both have made one."""
    server.add_comment(7, f"{MARK}\none", ROBOT)
    server.add_comment(7, f"{MARK}\ntwo", ROBOT)
    theirs = server.add_comment(7, f"{MARK}\nthree", PERSON)
    put_comment(github, 7, f"{MARK}\nplan")
    assert own(server) == [f"{MARK}\nplan"]
    assert theirs in server.comments
