"""One issue per project and environment."""

from support.github import PERSON, ROBOT, Fault

from pfa_gitops.github.drift_issue import close_drift, tell_drift

MARK = "<!-- pfa-gitops drift: shop/prod -->"
LABEL = "pfa-gitops-drift"


def tell(github, text="a → b", below="run 1"):
    return tell_drift(github, LABEL, "Drift", f"{MARK}\n{text}", below)


def test_another_run_that_finds_the_same_writes_nothing(server, github):
    tell(github, below="run 1")
    tell(github, below="run 2")
    assert len(server.writes) == 1
    tell(github, "a → c", "run 3")
    assert server.issues[0]["body"] == f"{MARK}\na → c\n\n---\nrun 3"


def test_nothing_is_closed_where_nothing_is_open(server, github):
    assert close_drift(github, LABEL, f"{MARK}\nnone", "run") == ""
    tell(github)
    assert close_drift(github, LABEL, f"{MARK}\nnone", "run")
    assert close_drift(github, LABEL, f"{MARK}\nnone", "run") == ""
    assert [call.method for call in server.writes] == ["POST", "PATCH"]
    assert server.issues[0]["state_reason"] == "completed"


def test_what_drifts_again_opens_the_same_issue(server, github):
    tell(github)
    close_drift(github, LABEL, f"{MARK}\nnone", "run")
    tell(github)
    [issue] = server.issues
    assert issue["state"] == "open"
    assert "a → b" in issue["body"]


def test_a_persons_issue_and_a_pull_request_are_left_alone(server, github):
    for more in ({"user": PERSON}, {"user": ROBOT, "pull_request": {}}, {"user": ROBOT, "body": "no marker"}):
        base = {"body": f"{MARK}\nx", "labels": [{"name": LABEL}], "state": "open", "number": 1, "html_url": ""}
        server.issues.append({**base, **more})
    tell(github)
    assert [call.method for call in server.writes] == ["POST"]


def test_a_lost_answer_makes_no_second_issue(server, github):
    server.faults.append(Fault("POST /issues", 502, after_it_was_done=True))
    tell(github)
    assert len(server.issues) == 1


def test_an_open_one_comes_before_a_newer_closed_one(server, github):
    base = {"body": f"{MARK}\nx", "labels": [{"name": LABEL}], "user": ROBOT, "html_url": ""}
    server.issues += [{**base, "number": 1, "state": "open"}, {**base, "number": 2, "state": "closed"}]
    tell(github)
    assert [str(call) for call in server.writes] == ["PATCH /issues/1"]
