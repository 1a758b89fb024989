"""Who gets secrets: what the event says of a pull request, and what a command then sees."""

import json

import pytest

from pfa_gitops.github.environment import KEPT, URLS, of_a_stranger, prepare, take_token
from pfa_gitops.github.inputs import inputs
from pfa_gitops.github.surroundings import surroundings
from pfa_gitops.model.errors import ReaderError


def around(tmp_path, event=None, **more):
    file = tmp_path / "event.json"
    file.write_text(json.dumps(event or {}))
    environ = {
        "GITHUB_REPOSITORY": "acme/flows",
        "GITHUB_EVENT_NAME": "pull_request",
        "GITHUB_EVENT_PATH": str(file),
        "GITHUB_SHA": "d" * 40,
        **more,
    }
    return surroundings(environ)


def pull(repository):
    return {"pull_request": {"number": 7, "head": {"sha": "a" * 40, "repo": repository}}}


@pytest.mark.parametrize(
    ("repository", "actor", "strange"),
    [
        ({"full_name": "acme/flows"}, "mona", False),
        ({"full_name": "Acme/Flows"}, "mona", False),
        ({"full_name": "stranger/flows"}, "mona", True),
        (None, "mona", True),
        ({"full_name": "acme/flows"}, "dependabot[bot]", True),
    ],
)
def test_a_fork_is_a_stranger(tmp_path, repository, actor, strange):
    assert around(tmp_path, pull(repository), GITHUB_ACTOR=actor).by_a_stranger is strange


@pytest.mark.parametrize("event", ["pull_request_target", "workflow_run", "issue_comment", "pull_request_review"])
def test_events_that_give_secrets_to_strangers_are_refused(tmp_path, event):
    with pytest.raises(ReaderError, match="refused"):
        around(tmp_path, GITHUB_EVENT_NAME=event)


@pytest.mark.parametrize("event", ["pull_request", "merge_group", "push", "schedule", "workflow_dispatch"])
def test_events_that_tell_whose_the_checkout_is_are_taken(tmp_path, event):
    assert around(tmp_path, GITHUB_EVENT_NAME=event).event == event


def test_outside_of_actions_it_says_so():
    with pytest.raises(ReaderError, match="this runs in GitHub Actions"):
        surroundings({})


def test_a_stranger_keeps_no_secret(tmp_path):
    environ = dict.fromkeys(KEPT, "x") | {
        "PREFECT_API_KEY": "s",
        "ANYSCALE_CLI_TOKEN": "s",
        "PFA_VARIABLES": "A=s",
        "AWS_SECRET_ACCESS_KEY": "s",
        "MY_OWN": "s",
        "GITHUB_TOKEN": "s",
        "HOME": "s",
        "ACTIONS_RUNTIME_TOKEN": "s",
    }
    kept = of_a_stranger(environ, tmp_path)
    assert "s" not in kept.values()
    assert kept["HOME"] == str(tmp_path)
    assert kept["PREFECT_API_URL"] == "x"


def test_a_stranger_keeps_what_the_workflow_says_is_no_secret(tmp_path):
    kept = of_a_stranger({"PFA_PUBLIC_VARIABLES": "URL=u\n", "PFA_VARIABLES": "KEY=s"}, tmp_path)
    assert prepare(kept) == [], "nothing of it is hidden in the log"
    assert kept["URL"] == "u"
    assert "KEY" not in kept


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://mona:s3cret@prefect.example/api", "https://prefect.example/api"),
        ("HTTP://:s@host:3128", "HTTP://host:3128"),
        ("mona:s://x@y/z@host:3128", "host:3128"),
        ("https://prefect.example/api", "https://prefect.example/api"),
    ],
)
def test_a_kept_url_has_no_password(tmp_path, url, kept):
    shown = of_a_stranger(dict.fromkeys(URLS, url), tmp_path)
    assert {shown[name] for name in URLS} == {kept}


def test_an_expression_without_a_value_counts_as_left_out():
    environ = {"PREFECT_API_KEY": "", "PREFECT_API_URL": "u", "OTHER": "", "PFA_VARIABLES": "A=1\n# no\nB='x y'\nC=\n"}
    assert prepare(environ) == ["1", "x y"]
    assert environ == {"PREFECT_API_URL": "u", "OTHER": "", "A": "1", "B": "x y"}


@pytest.mark.parametrize("name", ["GITHUB_TOKEN", "PATH", "LD_PRELOAD", "PYTHONPATH", "RUNNER_TEMP"])
@pytest.mark.parametrize("given", ["PFA_VARIABLES", "PFA_PUBLIC_VARIABLES"])
def test_some_variables_may_not_be_set(name, given):
    with pytest.raises(ReaderError, match=name):
        prepare({given: f"{name}=x"})


def test_the_token_is_taken_out():
    environ = {"GITHUB_TOKEN": "t"}
    assert take_token(environ) == "t"
    assert environ == {}


def test_inputs():
    given = inputs(
        {"PFA_ARGUMENTS": "--lock-timeout 600 --more-at 'a b'", "PFA_ENVIRONMENT": " ", "PFA_COMMENT": "false"}
    )
    assert given.command == "plan"
    assert given.environment is None
    assert not given.comments
    assert given.arguments == ("--lock-timeout", "600", "--more-at", "a b")


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("PFA_COMMAND", "plann", "the input command is 'plann'"),
        ("PFA_COMMENT", "yes", "the input comment is 'yes'"),
        ("PFA_UNREVIEWED", "ok", "the input unreviewed is 'ok'"),
        ("PFA_ARGUMENTS", "'x", "the input arguments cannot be read"),
    ],
)
def test_a_wrong_input_is_told(name, value, message):
    with pytest.raises(ReaderError, match=message):
        inputs({name: value})
