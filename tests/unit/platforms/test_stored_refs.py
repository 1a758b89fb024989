"""References to secrets are found by the types of a spec wherever they are found by looking at every value."""

import pytest

from pfa_gitops.model.secrets import AwsSecret, SecretRef, find_secret_refs, find_stored_refs
from pfa_gitops.platforms.registry import kinds

REF = {"from_env": "KEY"}
API = {"api_url": "http://127.0.0.1:9/api"}
CASES = {
    "InfraBlock": {"type": "anyscale-job", "env": {"A": "plain", "B": REF}},
    "Deployment": {"flow_name": "f", "infra_overrides": {"env": {"B": REF}}, "parameters": {"a": 1}},
    "Agent": {"work_pool": "p", "prefect": {**API, "api_key": REF, "auth_string": REF}, "env": {"B": REF}},
    "Block": {"type": "x", "data": {"a": {"b": [REF, 1]}, "c": REF, "d": "plain"}},
    "WorkPool": {"type": "process"},
}


@pytest.mark.parametrize("name", CASES)
def test_both_find_the_same(name):
    spec = kinds()[name].spec.model_validate(CASES[name])
    assert list(find_stored_refs(spec)) == list(find_secret_refs(spec))
    assert bool(list(find_stored_refs(spec))) == (name != "WorkPool")


def test_a_model_that_holds_itself_is_looked_into_once():
    trigger = {"type": "event", "posture": "Reactive", "expect": ["x"], "threshold": 1, "within": 0}
    both = {"type": "compound", "require": "all", "within": 60, "triggers": [trigger, trigger]}
    spec = {"trigger": both, "actions": [{"type": "cancel-flow-run"}]}
    assert list(find_stored_refs(kinds()["Automation"].spec.model_validate(spec))) == []


def test_two_references_have_two_names():
    refs = [
        SecretRef(from_env="KEY"),
        SecretRef(from_file="KEY"),
        SecretRef(from_prefect_block="secret/key"),
        SecretRef(from_aws_secret=AwsSecret(id="key", region="us-west-2")),
        SecretRef(from_aws_secret=AwsSecret(id="key", region="eu-west-1")),
    ]
    assert len({str(ref) for ref in refs}) == len(refs)
    assert str(refs[-1]) == "from_aws_secret key in eu-west-1"
