"""References that lead nowhere: what is told of them, and that it is never a value."""

import asyncio

import pytest

from pfa_gitops.model.errors import SecretMissing
from pfa_gitops.model.secrets import SecretRef
from pfa_gitops.platforms.secret_stores import SecretStores


@pytest.mark.parametrize(
    ("ref", "message"),
    [
        ({"from_env": "UNSET"}, "the secret from_env UNSET is not set"),
        ({"from_env": "BYTES"}, "the secret from_env BYTES is not UTF-8"),
        ({"from_file": "no\0name"}, "cannot be read: not a text file"),
        ({"from_file": "bytes"}, "the secret from_file bytes cannot be read: not a text file"),
        ({"from_file": "missing"}, "the secret from_file missing cannot be read: No such file or directory"),
    ],
)
def test_what_cannot_be_fetched_is_told_without_a_value(tmp_path, ref, message):
    (tmp_path / "bytes").write_bytes(b"hunter2\xff")
    stores = SecretStores({"BYTES": "hunter2\udcff"}, tmp_path)
    with pytest.raises(SecretMissing, match="from_") as caught:
        asyncio.run(stores.fetch(SecretRef(**ref)))
    assert message in caught.value.message
    assert caught.value.mend
    assert "hunter2" not in str(caught.value)


def test_a_value_that_was_only_looked_up_is_not_kept():
    stores, ref = SecretStores({"KEY": "hunter2"}), SecretRef(from_env="KEY")
    assert asyncio.run(stores.look_up(ref)).reveal() == "hunter2"
    assert stores.fetched == {}
    asyncio.run(stores.fetch(ref))
    assert stores.fetched.keys() == {ref}


@pytest.mark.parametrize(
    "ref",
    [
        {"from_env": "SET"},
        {"from_file": "login"},
        {"from_aws_secret": {"id": "x", "region": "us-west-2"}},
        {"from_prefect_block": "secret/x"},
    ],
)
def test_for_a_stranger_nothing_is_fetched(tmp_path, ref):
    async def read_block(slug, name):
        raise AssertionError("nobody may be asked")

    (tmp_path / "login").write_text("hunter2")
    stores = SecretStores({"SET": "hunter2"}, tmp_path, read_block, closed=True)
    with pytest.raises(SecretMissing, match="is not fetched for a pull request from outside") as caught:
        asyncio.run(stores.fetch(SecretRef(**ref)))
    assert str(SecretRef(**ref)) in caught.value.message
    assert stores.fetched == {}
