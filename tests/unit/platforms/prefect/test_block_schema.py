from pfa_gitops.model.secrets import Digested, Sealed, SecretRef
from pfa_gitops.platforms.prefect._block_schema import flaws

FIELDS = {"properties": {"value": {"type": "string"}}, "secret_fields": ["value"], "required": ["value"]}


def messages(value):
    return [flaw.message for flaw in flaws({"value": value}, FIELDS, ())]


def test_a_secret_is_never_a_text():
    assert messages("hunter2") == ["data.value is a secret, and a secret is never a string in a manifest"]


def test_what_stands_for_a_secret_is_none_of_its_flaws():
    """A digest is what the inventory has: without it no block with a secret could be pruned."""
    digested = Digested("sha256:00", lambda sealed: "sha256:00")
    assert [messages(value) for value in (Sealed("a"), SecretRef(from_env="A"), digested)] == [[], [], []]
