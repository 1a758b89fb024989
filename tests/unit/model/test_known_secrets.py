import base64
import json
from urllib.parse import quote

import pytest

from pfa_gitops.model.inventory import DigestKey, Entry, Inventory
from pfa_gitops.model.known_secrets import KnownSecrets, is_telling
from pfa_gitops.model.places import Address
from pfa_gitops.model.secrets import Sealed
from pfa_gitops.model.values import Key, Owner

SECRET = "p@ss/w0rd+9f"  # a made-up one


def named(text, value=SECRET):
    return KnownSecrets({"from_env DB": Sealed(value)}).name_in(text)


@pytest.mark.parametrize("value", ["hunter2!x", "a1b2c3d4", "Tr0ub4dor", "correcthorsebattery", "8237461598237461"])
def test_what_hardly_stands_anywhere_by_chance_counts(value):
    assert is_telling(value)
    assert named(value, value) == "from_env DB"


@pytest.mark.parametrize(
    "value", ["", "true", "postgres", "password", "changeme", "12345678", "a1b2c3", "aaaa-aaaa-aaaa-aaaa", "        "]
)
def test_what_is_short_or_common_does_not(value):
    assert not is_telling(value)
    assert named(f"x {value} y", value) is None


@pytest.mark.parametrize(
    "text",
    [
        SECRET,
        f"postgres://app:{quote(SECRET, safe='')}@db/app",
        f"postgres://app:{quote(SECRET)}@db/app",
        f"export DB={SECRET}; run",
        base64.b64encode(SECRET.encode()).decode(),
        f"Bearer {base64.b64encode(SECRET.encode()).decode()}",
        json.dumps({"password": SECRET}),
    ],
)
def test_it_is_found_inside_of_other_texts_and_as_they_write_it(text):
    assert named(text) == "from_env DB"


@pytest.mark.parametrize("text", ["", "p@ss", "p@ss/w0rd", SECRET[:-1], SECRET.upper(), "db.internal"])
def test_what_only_resembles_it_is_not(text):
    assert named(text) is None


def test_of_a_document_and_of_a_url_only_what_is_secret_counts():
    document = json.dumps({"host": "db-1.internal", "user": "app-user-1", "login": [{"password": SECRET}]})
    assert named(SECRET, document) == "from_env DB"
    assert named("db-1.internal", document) is None
    assert named("app-user-1", document) is None
    url = f"postgres://app-user-1:{quote(SECRET, safe='')}@db-1.internal/app"
    assert named(SECRET, url) == "from_env DB"
    assert named("postgres://app-user-1@db-1.internal/app", url) is None
    assert named("x", "{not json") is None
    assert named("x", "http://[broken") is None


def test_a_text_of_several_lines_is_found_as_json_writes_it():
    key = "-----BEGIN KEY-----\nabcDEF123\n-----END KEY-----"
    assert named(json.dumps({"key": key}), key) == "from_env DB"


def test_what_was_applied_is_found_by_its_digest():
    digests = DigestKey(Sealed("the key"))
    applied = {"data": digests.digested({"value": Sealed(SECRET), "port": 1}), "list": [1]}
    ours = Inventory(Owner("p", "dev"), digests, 1, {Address("Block", "b"): Entry(Key("Block", "b"), applied)})
    known = KnownSecrets({}, ours)
    assert known
    assert known.name_in(SECRET) == "that was applied last"
    assert known.name_in(f"in {SECRET}") is None
    assert not KnownSecrets({}, Inventory(Owner("p", "dev"), digests))


def test_what_is_no_secret_is_none_once_it_was_applied():
    digests = DigestKey(Sealed("the key"))
    applied = digests.digested({"host": Sealed(SECRET), "password": Sealed("an0ther-secret")})
    ours = Inventory(Owner("p", "dev"), digests, 1, {Address("Block", "b"): Entry(Key("Block", "b"), applied)})
    known = KnownSecrets({"from_env HOST": Sealed(SECRET)}, ours, ["from_env HOST", "from_env UNSET"])
    assert known.name_in(SECRET) is None
    assert known.name_in("an0ther-secret") == "that was applied last"
    assert KnownSecrets({"from_env A": Sealed(SECRET), "from_env B": Sealed(SECRET)}, ours, ["from_env A"]).name_in(
        SECRET
    )


def test_bytes_that_are_no_text_are_not_looked_for():
    assert named("anything at all", "half a \udcff character 1") is None
