"""What stands in the way of writing is told by observe, with its place and how to mend it; nothing is written."""

import asyncio

import pytest

from pfa_gitops.model.places import Address
from pfa_gitops.model.secrets import parse_secret_refs
from pfa_gitops.model.values import Manifest
from pfa_gitops.platforms.prefect._client import PrefectClient
from pfa_gitops.platforms.prefect._target import PrefectTarget
from pfa_gitops.platforms.registry import kinds


def observed(server, kind: str, name: str, spec: dict):
    known = kinds()[kind]
    parsed = known.spec.model_validate(spec)
    manifest = Manifest(Address(kind, name), parsed, known.key(name, parsed))

    async def scenario():
        async with PrefectClient(PrefectTarget(server.url)) as client:
            return await known.observe(client, [manifest])

    found = asyncio.run(scenario())
    assert list(found.lives) == []
    return [(problem.message, problem.mend) for problem in found.problems]


def test_a_work_pool_type_that_nobody_knows(prefect_server):
    [(message, mend)] = observed(prefect_server, "WorkPool", "pool-typo", {"type": "proces"})
    assert message == "the Prefect server has no work pool type proces"
    assert mend == "did you mean `process`? or give a base_job_template"
    [(_, mend)] = observed(prefect_server, "WorkPool", "pool-typo", {"type": "zzz"})
    assert "docker" in mend
    assert "anyscale" in mend


@pytest.mark.parametrize("spec", [{"type": "zzz", "base_job_template": {}}, {"type": "anyscale"}, {"type": "docker"}])
def test_work_pool_types_that_need_nothing_more(prefect_server, spec):
    assert observed(prefect_server, "WorkPool", "pool-typo", spec) == []


@pytest.mark.parametrize(
    ("kind", "data", "message", "mend"),
    [
        ("s3-buckett", {}, "the Prefect server has no block type s3-buckett", "did you mean `s3-bucket`?"),
        ("qqq", {}, "the Prefect server has no block type qqq", "register it: prefect block register -m <its package>"),
        ("s3-bucket", {}, "S3Bucket needs the field bucket_name", "add bucket_name"),
        ("s3-bucket", {"bucket_name": "a", "buket_folder": "b"}, "S3Bucket has no field buket_folder", "bucket_folder"),
        ("s3-bucket", {"bucket_name": 1}, "data.bucket_name must be of type string", "correct the value"),
        ("s3-bucket", {"bucket_name": True}, "data.bucket_name must be of type string", "correct the value"),
        (
            "s3-bucket",
            {"bucket_name": "a", "credentials": "{{ prefect.blocks.aws-credentials.absent }}"},
            "Prefect has no block aws-credentials/absent",
            "declare it",
        ),
        (
            "s3-bucket",
            {"bucket_name": "a", "credentials": {"aws_secret_access_key": "clear"}},
            "data.credentials.aws_secret_access_key is a secret",
            "aws_secret_access_key: {from_env: NAME}",
        ),
        ("secret", {"value": "clear"}, "data.value is a secret, and a secret is never a string", "{from_env: NAME}"),
        (
            "webhook",
            {"url": {"from_env": "U"}, "headers": {"A": "clear"}},
            "data.headers.A is a secret",
            "A: {from_env",
        ),
        ("secret", {"value": {"deep": {"er": "clear"}}}, "data.value.deep.er is a secret", "er: {from_env: NAME}"),
    ],
)
def test_block_data_that_does_not_fit_its_type(prefect_server, kind, data, message, mend):
    [(found, way)] = observed(prefect_server, "Block", "block-typo", {"type": kind, "data": parse_secret_refs(data)})
    assert message in found
    assert mend in way
    assert "clear" not in found + way


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("s3-bucket", {"bucket_name": {"from_env": "BUCKET"}, "bucket_folder": None}),
        ("secret", {"value": {"from_env": "V"}}),
        ("gcp-credentials", {"service_account_info": {"from_file": "key.json"}}),
    ],
)
def test_block_data_that_fits(prefect_server, kind, data):
    assert observed(prefect_server, "Block", "block-typo", {"type": kind, "data": data}) == []
