"""No secret shows in what the server says, however it says it."""

import json

import pytest

from pfa_gitops.model.errors import Invalid
from pfa_gitops.model.secrets import Sealed
from pfa_gitops.platforms.prefect._answers import encode, error_of

KEY = "-----BEGIN KEY-----\nfirst-line\nsecond-line\n}\n"


def told(detail, *secrets):
    revealed: set[str] = set()
    encode([Sealed(secret) for secret in secrets], revealed)
    return error_of("POST /x", 422, json.dumps({"detail": detail}), revealed).message


@pytest.mark.parametrize(
    ("detail", "secret"),
    [
        (f"bad: {KEY}", KEY),
        (f"bad: {KEY!r}", KEY),
        ("only second-line is bad", KEY),
        ("x" * 490 + " second-line", "second-line"),
        ([{"loc": ["body", "second-line"], "msg": "second-line is bad"}], "second-line"),
        ({"second-line": ["second-line"]}, "second-line"),
        ("two  second-line\tblanks", "two  second-line\tblanks"),
    ],
)
def test_a_secret_is_cut_out_before_the_text_is_joined_and_cut_off(detail, secret):
    message = told(detail, secret)
    assert "(secret)" in message
    assert "line" not in message.replace("(secret)", "")


def test_a_short_secret_does_not_hide_what_is_read():
    assert told("the value", "t").endswith(": (secret)he value")


def test_a_secret_that_holds_another_is_cut_out_whole():
    assert told("abc-and-more is bad", "abc", "abc-and-more").endswith(": (secret) is bad")


def test_short_lines_of_a_secret_are_no_secrets():
    assert told("a } too much", KEY).endswith(": a } too much")


def test_no_secret_leaves_the_text_alone():
    error = error_of("GET /x", 422, json.dumps({"detail": "as  it\nis"}), ["", "other"])
    assert isinstance(error, Invalid)
    assert error.message == "Prefect answered 422 to GET /x: as it is"
