"""What each Prefect kind says offline about a manifest."""

import pytest

from pfa_gitops.model.places import Address
from pfa_gitops.model.values import Manifest
from pfa_gitops.platforms.prefect._infra_fields import InfraFields
from pfa_gitops.platforms.prefect._runner_documents import runner_documents
from pfa_gitops.platforms.prefect.infra_block import FIELDS, STORED
from pfa_gitops.platforms.registry import kinds


def check(kind: str, name: str, spec: dict) -> list[str]:
    known = kinds()[kind]
    parsed = known.spec.model_validate(spec)
    return [problem.message for problem in known.check(Manifest(Address(kind, name), parsed, known.key(name, parsed)))]


CLEAR = {"DB": "pg://me:{{ prefect.blocks.secret.db-password.value }}@db"}
IN_CLEAR = "the worker would put the secret db-password in clear into the job's environment"
ON_POOL = {"flow_name": "f", "entrypoint": "f.py:f", "path": "/code", "work_pool": "p"}


@pytest.mark.parametrize(
    ("kind", "name", "spec", "message"),
    [
        ("Variable", "Bad Name", {"value": 1}, "Prefect does not take the variable name 'Bad Name'"),
        ("Variable", "v", {"value": "x" * 4999}, "the value is 5001 characters long, Prefect takes 5000"),
        ("Variable", "v", {"value": "ü" * 2500}, "the value is 5002 characters long, Prefect takes 5000"),
        ("Variable", "v", {"value": float("nan")}, "the value is no JSON"),
        ("Variable", "v", {"value": {"a": {1, 2}}}, "the value is no JSON"),
        ("ConcurrencyLimit", "a/b", {"limit": 1}, "Prefect does not take the name 'a/b'"),
        ("WorkPool", "prefect-own", {"type": "process"}, "the name prefect-own is reserved by Prefect"),
        ("WorkPool", "a>b", {"type": "process"}, "Prefect does not take the name 'a>b'"),
        (
            "WorkPool",
            "p",
            {"type": "process", "base_job_template": {"variables": {}}},
            "a base job template needs job_configuration",
        ),
        ("WorkPool", "p", {"type": "process", "queues": [{"name": "a/b"}]}, "Prefect does not take the name 'a/b'"),
        ("Block", "Bad_Name", {"type": "secret"}, "Prefect does not take the block name 'Bad_Name'"),
        ("Block", "b", {"type": "anyscale-job"}, "a block of type anyscale-job is an InfraBlock"),
        ("InfraBlock", "a b", {"type": "ray-job"}, "Prefect does not take the block name 'a b'"),
        ("InfraBlock", "b", {"type": "ray-job", "cloud": "c"}, "ray-job has no field cloud"),
        ("InfraBlock", "b", {"type": "anyscale-job", "address": "x"}, "anyscale-job has no field address"),
        ("InfraBlock", "b", {"type": "ray-job", "env": CLEAR}, IN_CLEAR),
        ("InfraBlock", "b", {"type": "ray-job", "env": {"PREFECT_API_KEY": "k"}}, "PREFECT_API_KEY stands in clear"),
        ("Deployment", "d", {**ON_POOL, "infra_block": "b", "infra_overrides": {"env": CLEAR}}, IN_CLEAR),
        ("Deployment", "d", {**ON_POOL, "infra_block": "b", "job_variables": {"env": CLEAR}}, IN_CLEAR),
    ],
)
def test_a_wrong_manifest_is_told(kind, name, spec, message):
    assert check(kind, name, spec) == [message]


def test_on_another_pool_a_secrets_placeholder_is_the_way_to_pass_it():
    assert check("Deployment", "d", {**ON_POOL, "job_variables": {"env": CLEAR}}) == []


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("name", "a", "two queues are called a"),
        ("priority", 1, "two queues have the priority 1: Prefect would move one of them at each apply"),
    ],
)
def test_queues_that_cannot_be_told_apart(field, value, message):
    queues = [{"name": "a", "priority": 1}, {"name": "b", "priority": 2, field: value}]
    assert check("WorkPool", "p", {"type": "process", "queues": queues}) == [message, message]


@pytest.mark.parametrize("value", ["x" * 4998, None, {"a": [1]}])
def test_a_value_that_just_fits(value):
    assert check("Variable", "v", {"value": value}) == []


@pytest.mark.parametrize("fields", [{"image_uri": "a", "cluster_env": "b"}, {"cluster_env": "a", "containerfile": "b"}])
def test_one_image_at_most(fields):
    with pytest.raises(ValueError, match="give one of image_uri, cluster_env, containerfile"):
        InfraFields.model_validate(fields)


@pytest.mark.parametrize("slug", FIELDS)
def test_the_fields_are_those_of_the_runners_blocks(slug):
    properties = runner_documents()["blocks"][slug]["schema"]["fields"]["properties"]
    assert set(properties) == {STORED.get(name, name) for name in FIELDS[slug]} | {"type"}
