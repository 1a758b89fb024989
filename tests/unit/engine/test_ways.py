"""What the runs of real kinds need, by their references alone."""

import asyncio

import pytest

from pfa_gitops.engine.chains import Scene, read_chains
from pfa_gitops.engine.ways import Ways
from pfa_gitops.manifests.findings import Findings
from pfa_gitops.manifests.link import link
from pfa_gitops.model.chain import Part, Verdict
from pfa_gitops.model.errors import SecretMissing
from pfa_gitops.model.places import Address
from pfa_gitops.model.values import Manifest
from pfa_gitops.platforms.registry import kinds

START = Address("Deployment", "nightly")


def manifest(kind, name, **fields):
    spec = kinds()[kind].spec.model_validate(fields)
    return Manifest(Address(kind, name), spec, kinds()[kind].key(name, spec))


def project(block, overrides):
    """A deployment, and another one of the same block that overrides nothing."""
    more = {"infra_overrides": overrides} if overrides else {}
    manifests = [
        manifest("InfraBlock", "infra", type="anyscale-job", **block),
        manifest("Deployment", "nightly", flow_name="f", entrypoint="f.py:f", infra_block="infra", **more),
        manifest("Deployment", "plain", flow_name="f", entrypoint="f.py:f", infra_block="infra"),
    ]
    return link(manifests, ["*/*"], Findings())


def needed(block, overrides):
    ways = Ways(project(block, overrides), kinds())
    mine, plain = (ways.of(address).items.keys() for address in (START, Address("Deployment", "plain")))
    return {str(one) for one in mine if one.kind != "InfraBlock"}, {str(one) for one in plain - mine}


@pytest.mark.parametrize(
    ("block", "overrides", "needs", "only_without"),
    [
        ({"image_uri": "anyscale/image/old:1"}, {}, {"Image/old"}, set()),
        (
            {"image_uri": "anyscale/image/old:1"},
            {"image_uri": "anyscale/image/new:1"},
            {"Image/new"},
            {"Image/old"},
        ),
        ({"cluster_env": "old"}, {"image_uri": "anyscale/image/new"}, {"Image/new"}, {"Image/old"}),
        ({"image_uri": "anyscale/image/old"}, {"image_uri": None}, {"Image/old"}, set()),
        ({"compute_config": "old:2"}, {"compute_config": "new"}, {"ComputeConfig/new"}, {"ComputeConfig/old"}),
        (
            {"compute_config": "old"},
            {"compute_config": {"head_node": {"instance_type": "m5.large"}}},
            set(),
            {"ComputeConfig/old"},
        ),
        (
            {"job_queue_config": {"job_queue_spec": {"idle_timeout_s": 1, "compute_config": "old"}}},
            {"job_queue_config": {"target_job_queue_name": "there"}},
            set(),
            {"ComputeConfig/old"},
        ),
        (
            {"env": {"A": "{{ prefect.variables.a }}", "B": "{{ prefect.variables.b }}"}},
            {"env": {"A": "here", "C": "{{ prefect.variables.c }}"}},
            {"Variable/b", "Variable/c"},
            {"Variable/a"},
        ),
    ],
)
def test_what_a_deployment_overrides_of_a_block_its_runs_do_not_need(block, overrides, needs, only_without):
    assert needed(block, overrides) == (needs, only_without)


@pytest.mark.parametrize(
    ("overrides", "verdict"),
    [({}, Verdict.NOT), ({"env": {"B": "x"}}, Verdict.NOT), ({"env": {"A": "x"}}, None)],
    ids=["nothing overridden", "another variable", "the variable"],
)
def test_nor_the_secrets_that_stand_there(overrides, verdict):
    async def fetch(ref):
        raise SecretMissing(f"{ref} is not there")

    manifests = project({"env": {"A": {"from_prefect_block": "secret/gone"}}}, overrides)
    chains = asyncio.run(read_chains(Scene(manifests, {}, kinds(), {}, planned=False, fetch=fetch)))
    [chain] = [one for one in chains if one.address == START]
    found = [link.verdict for link in chain.links if link.part is Part.SECRETS]
    assert found == ([verdict] if verdict else [])


@pytest.mark.parametrize(
    ("block", "overrides", "items"),
    [
        ({"image_uri": "anyscale/image/env:7"}, {}, {"Image/env": {"7"}}),
        ({"image_uri": "anyscale/image/env:7"}, {"image_uri": "anyscale/image/env:8"}, {"Image/env": {"8"}}),
        ({"image_uri": "anyscale/image/env"}, {}, {"Image/env": {""}}),
        ({"cluster_env": "env:7", "compute_config": "cc"}, {}, {"Image/env": {"7"}, "ComputeConfig/cc": {""}}),
        (
            {
                "compute_config": "cc:2",
                "job_queue_config": {"job_queue_spec": {"idle_timeout_s": 1, "compute_config": "cc:3"}},
            },
            {},
            {"ComputeConfig/cc": {"2", "3"}},
        ),
    ],
)
@pytest.mark.parametrize("declared", [True, False])
def test_the_version_that_is_named_is_the_one_that_counts(block, overrides, items, declared):
    manifests = project(block, overrides)
    if declared:
        ours = [manifest("Image", "env", image_uri="r/i:1"), manifest("ComputeConfig", "cc", head_node=None)]
        manifests = link([*manifests, *ours], [], Findings())
    found = Ways(manifests, kinds()).of(START).items
    assert {str(one): named for one, named in found.items() if one.kind != "InfraBlock"} == items


def test_an_agent_needs_the_version_that_it_names_and_no_queue_that_others_name():
    pool = manifest("WorkPool", "pool", type="anyscale", queues=[{"name": "fast"}, {"name": "slow"}])
    agent = manifest(
        "Agent",
        "agent",
        work_pool="pool",
        work_queues=["fast", "slow"],
        compute_config="cc:2",
        image_uri="anyscale/image/env",
        prefect={"api_url": "http://127.0.0.1:9/api"},
    )
    start = manifest("Deployment", "nightly", flow_name="f", entrypoint="f.py:f", work_pool="pool", work_queue="fast")
    found = Ways(link([pool, agent, start], ["*/*"], Findings()), kinds()).of(START).items
    assert {str(one): named for one, named in found.items()} == {
        "WorkPool/pool": {"fast"},
        "Agent/agent": {""},
        "ComputeConfig/cc": {"2"},
        "Image/env": {""},
    }
