"""How a document's answer becomes a manifest's terms, and back."""

import pytest

from pfa_gitops.model.secrets import Sealed
from pfa_gitops.platforms.prefect._block_data import STARS, Named, Secrets, compose, reference_in, see

SCHEMA = {
    "secret_fields": ["token", "login.password", "headers.*"],
    "properties": {"size": {"default": 3}, "token": {}, "login": {}, "headers": {}},
}
SECRETS = Secrets.of([SCHEMA])


def seen(live: dict, wanted: dict, references: dict | None = None):
    found = see({"data": live, "block_document_references": references}, Named(wanted), SECRETS, SCHEMA)
    return found.data, found.kept


@pytest.mark.parametrize(
    ("live", "wanted", "data", "kept"),
    [
        ({"a": 1}, {}, {"a": 1}, {}),
        ({"size": 3, "b": None}, {}, {}, {"size": 3, "b": None}),
        ({"size": 3}, {"size": 3}, {"size": 3}, {}),
        ({}, {"b": None}, {"b": None}, {}),
        ({"token": STARS}, {}, {}, {"token": STARS}),
        ({"token": "x"}, {"token": Sealed("y")}, {"token": Sealed("x")}, {}),
        ({"token": "x"}, {"token": None}, {"token": Sealed("x")}, {}),
        ({"token": {"a": 1}}, {"token": Sealed('{"a":   1}')}, {"token": Sealed('{"a":   1}')}, {}),
        ({"token": {"a": 2}}, {"token": Sealed('{"a": 1}')}, {"token": Sealed('{"a": 2}')}, {}),
        (
            {"login": {"user": "u", "password": "p"}},
            {"login": {"user": "v"}},
            {"login": {"user": "u"}},
            {"login": {"password": STARS}},
        ),
        ({"login": {"user": "u", "password": "p"}}, {}, {"login": {"user": Sealed("u"), "password": Sealed("p")}}, {}),
        ({"headers": {"A": "x"}}, {}, {}, {"headers": {"A": STARS}}),
        (
            {"headers": {"A": "x", "B": "y"}},
            {"headers": {"A": Sealed("x")}},
            {"headers": {"A": Sealed("x"), "B": Sealed("y")}},
            {},
        ),
        ({"open": "x"}, {"open": Sealed("x")}, {"open": Sealed("x")}, {}),
        ({"open": ["x", "z"]}, {"open": [Sealed("x")]}, {"open": [Sealed("x"), Sealed("z")]}, {}),
        ({"open": ["x", {"k": "v"}]}, {"open": ["x", {"k": Sealed("v")}]}, {"open": ["x", {"k": Sealed("v")}]}, {}),
        ({"open": {}}, {}, {"open": {}}, {}),
        # What a manifest no longer names, or names otherwise, may have been a secret.
        ({"open": "x"}, {"open": "y"}, {"open": "x"}, {}),
        ({"open": "x"}, {}, {"open": Sealed("x")}, {}),
        ({"open": "x"}, {"open": {"a": "b"}}, {"open": Sealed("x")}, {}),
        ({"open": {"a": "x"}}, {"open": "y"}, {"open": {"a": Sealed("x")}}, {}),
        ({"open": {"a": "x", "b": 1}}, {"open": {"c": "x"}}, {"open": {"a": Sealed("x"), "b": 1}}, {}),
        ({"open": ["x", "y", {"k": "v"}]}, {"open": ["y"]}, {"open": [Sealed("x"), "y", {"k": Sealed("v")}]}, {}),
    ],
)
def test_what_is_shown_and_what_is_kept(live, wanted, data, kept):
    assert seen(live, wanted) == (data, kept)


BLOCK = {"id": "i", "name": "keys", "block_type": {"slug": "aws-credentials"}}


@pytest.mark.parametrize(
    ("wanted", "shown"),
    [
        ("{{prefect.blocks.aws-credentials.keys}}", "{{prefect.blocks.aws-credentials.keys}}"),
        ("{{ prefect.blocks.aws-credentials.other }}", "{{ prefect.blocks.aws-credentials.keys }}"),
        ({"$ref": {"block_document_id": "j"}}, {"$ref": {"block_document_id": "i"}}),
        ({"inline": 1}, "{{ prefect.blocks.aws-credentials.keys }}"),
    ],
)
def test_a_nested_block_is_shown_in_the_manifests_words(wanted, shown):
    data, _ = seen(
        {"credentials": {"aws_secret": "x"}}, {"credentials": wanted}, {"credentials": {"block_document": BLOCK}}
    )
    assert data == {"credentials": shown}


def test_what_is_sent_is_the_manifest_and_what_is_kept():
    data = {
        "login": {"user": "v"},
        "headers": Sealed('{"A": "x"}'),
        "nested": "{{ prefect.blocks.a.b }}",
        "text": "{{ c }}",
    }
    kept = {"login": {"password": STARS}, "token": STARS}
    assert compose(data, kept, SECRETS, {"nested": "id-1"}.get) == {
        "login": {"user": "v", "password": STARS},
        "token": STARS,
        "headers": {"A": Sealed("x")},
        "nested": {"$ref": {"block_document_id": "id-1"}},
        "text": "{{ c }}",
    }


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (" {{ prefect.blocks.a-b.c }} ", "a-b/c"),
        ("{{ prefect.blocks.anyscale-job.c }}", "anyscale-job/c"),
        ("{{ prefect.blocks.a.b.field }}", None),
        ("x {{ prefect.blocks.a.b }}", None),
        (3, None),
    ],
)
def test_a_whole_block_is_told_from_text(text, name):
    assert reference_in(text) == name
