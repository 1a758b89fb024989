"""What manifests of Anyscale kinds may not say, and equal things that are written differently."""

import pytest
from pydantic import ValidationError

from pfa_gitops.model.places import Address
from pfa_gitops.model.references import mentions, named
from pfa_gitops.model.values import Manifest
from pfa_gitops.platforms.anyscale.agent import KIND as AGENT
from pfa_gitops.platforms.anyscale.compute_config import KIND as COMPUTE
from pfa_gitops.platforms.anyscale.image import KIND as IMAGE
from pfa_gitops.platforms.compute_shapes import ComputeShape, sdk_document

BASE = {"work_pool": "p", "prefect": {"api_url": "http://x/api"}}


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ({"head_node": {}}, "give instance_type or required_resources"),
        (
            {"head_node": {"instance_type": "a", "required_resources": {"CPU": 1, "memory": "1Gi"}}},
            "instance_type: a or required_resources, not both",
        ),
        ({"worker_nodes": [{"instance_type": "a"}, {"instance_type": "a"}]}, "two worker groups are named a"),
        ({"worker_nodes": [{"instance_type": "a", "min_nodes": 3, "max_nodes": 2}]}, "max_nodes 2 is below"),
        ({"head_node": {"required_resources": {"CPU": 1, "memory": "8"}}}, "was a unit left out"),
        ({"head_node": {"required_resources": {"CPU": 1, "memory": "8 Gigs"}}}, "is no amount of memory"),
        ({"head_node": {"required_resources": {"CPU": 1, "memory": "25Ti"}}}, "more than any instance type has"),
        ({"flags": {"max-cpus": 1}}, r"the flag max-cpus is the field max_resources\.CPU"),
        ({"min_resources": {"CPU": -1}}, "CPU is below zero"),
        ({"auto_select_worker_config": True, "worker_nodes": [{"instance_type": "a"}]}, "not both"),
        ({"configs": []}, "at least one config"),
        ({"configs": [{}, {}]}, "each its own cloud_resource"),
        ({"configs": [{}], "zones": ["a"]}, "zones cannot stand beside configs"),
        ({"cloud": "one", "configs": [{"cloud": "two"}]}, "cloud two is not the one beside configs"),
        ({"configs": [{"cloud": "two"}]}, "cloud two is not the one beside configs"),
    ],
)
def test_a_shape_that_no_cluster_can_have_is_refused(shape, message):
    with pytest.raises(ValidationError, match=message):
        ComputeShape.model_validate(shape)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"zones": []}, {"zones": ["any"]}),
        ({"flags": {}}, {"flags": None}),
        ({"worker_nodes": None}, {"worker_nodes": []}),
        (
            {"head_node": {"required_resources": {"CPU": 1, "memory": "8Gi"}}},
            {"head_node": {"instance_type": "custom", "required_resources": {"CPU": 1, "memory": 8589934592}}},
        ),
        ({"worker_nodes": [{"instance_type": "a"}]}, {"worker_nodes": [{"instance_type": "a", "name": "a"}]}),
        (
            {"flags": {"a": 1, "b": 1}, "configs": [{"flags": {"b": 2}}]},
            {"configs": [{"flags": {"a": 1, "b": 2}}]},
        ),
    ],
)
def test_equal_shapes_have_one_form(one, other):
    assert ComputeShape.model_validate(one) == ComputeShape.model_validate(other)


def test_groups_without_a_name_are_called_as_the_sdk_calls_them():
    from anyscale.compute_config.models import ComputeConfig  # noqa: PLC0415 - 5 s, and only this test needs it

    groups = [
        {"instance_type": "m5.large"},
        {"required_resources": {"CPU": 4, "memory": "8Gi", "GPU": 1, "accelerator": "T4"}},
        {"required_resources": {"CPU": 4, "memory": "8Gi", "cpu_architecture": "arm64"}},
        {
            "required_resources": {"CPU": 4, "memory": "9.5Gi", "GPU": 2},
            "required_labels": {"ray.io/accelerator-type": "A100"},
        },
        {
            "required_resources": {"CPU": 4, "memory": "8Gi", "TPU": 4, "tpu_hosts": 1},
            "required_labels": {"ray.io/accelerator-type": "TPU-V6E", "ray.io/tpu-topology": "2x2"},
        },
    ]
    shape = ComputeShape.model_validate({"worker_nodes": groups})
    theirs = ComputeConfig.from_dict({"worker_nodes": groups}).worker_nodes
    assert [group.name for group in shape.worker_nodes] == [group.name for group in theirs]
    assert ComputeConfig.from_dict(sdk_document(shape)).worker_nodes[1].required_resources.memory == 8 * 2**30


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"image_uri": "a/b:1", "cluster_env": "c"}, "give one of image_uri and cluster_env"),
        ({"http_options": {"port": 1}}, "does not let a service set port"),
        ({"ray_version": "2.44"}, "ray_version"),
        ({"worker": {"limit": 0}}, "limit"),
        ({"prefect": {"api_url": "x", "api_key": "pnu_secret"}}, "api_key"),
        ({"proxy_location": "Disabled"}, "proxy_location"),
        ({"grpc_options": {}}, "grpc_options"),
    ],
)
def test_an_agent_that_anyscale_would_refuse_is_refused(fields, message):
    with pytest.raises(ValidationError, match=message):
        AGENT.spec.model_validate({**BASE, **fields})


def manifest(kind, name: str, spec: dict) -> Manifest:
    parsed = kind.spec.model_validate(spec)
    return Manifest(Address(kind.name, name), parsed, kind.key(name, parsed))


def test_development_needs_a_working_directory():
    [problem] = AGENT.check(manifest(AGENT, "a", {**BASE, "development": True}))
    assert problem.message == "development needs a working_dir, which is what the service installs"
    assert "checkout" in problem.mend
    assert not list(AGENT.check(manifest(AGENT, "a", {**BASE, "development": True, "working_dir": "."})))


@pytest.mark.parametrize("name", ["PREFECT_API_KEY", "PREFECT_API_AUTH_STRING", "ANYSCALE_CLI_TOKEN"])
def test_a_credential_in_clear_is_a_problem_and_a_reference_is_none(name):
    [problem] = AGENT.check(manifest(AGENT, "a", {**BASE, "env": {name: "clear"}}))
    assert problem.message == f"{name} stands in clear"
    assert "clear" not in problem.mend
    assert list(AGENT.check(manifest(AGENT, "a", {**BASE, "env": {name: {"from_env": "X"}}}))) == []


@pytest.mark.parametrize(
    ("fields", "path", "message"),
    [
        ({"prefect": {"api_url": "https://me:secret@x/api"}}, ("prefect", "api_url"), "holds a login in clear"),
        ({"prefect": {"api_url": "http://[::1/api"}}, ("prefect", "api_url"), "no http or https address"),
        ({"prefect": {"api_url": "x/api"}}, ("prefect", "api_url"), "no http or https address"),
        (
            {"prefect": {"api_url": "https://x/api", "api_key": {"from_prefect_block": "secret/k"}}},
            ("prefect", "api_key"),
            "prefect.api_key cannot come from a Prefect block",
        ),
        (
            {"prefect": {"api_url": "https://x/api", "auth_string": {"from_prefect_block": "secret/k"}}},
            ("prefect", "auth_string"),
            "prefect.auth_string cannot come from a Prefect block",
        ),
        (
            {"env": {"PREFECT_API_KEY": {"from_prefect_block": "secret/k"}}},
            ("env", "PREFECT_API_KEY"),
            "PREFECT_API_KEY cannot come from a Prefect block",
        ),
        ({"env": {"PFA_GITOPS_SECRET_ENV": "x"}}, ("env", "PFA_GITOPS_SECRET_ENV"), "set by pfa-gitops itself"),
        ({"cloud": "one", "compute_config": {"cloud": "two"}}, ("compute_config", "cloud"), "two is not the agent's"),
        ({"compute_config": {"cloud": "two"}}, ("compute_config", "cloud"), "two is not the agent's"),
    ],
)
def test_an_agent_that_could_never_run_or_settle_is_a_problem_with_a_mend(fields, path, message):
    wanted = manifest(AGENT, "a", {**BASE, **fields})
    [problem] = AGENT.check(wanted)
    assert (message in problem.message, problem.mend != "", "me:secret" in str(problem)) == (True, True, False)
    assert problem.address == wanted.address
    assert problem == wanted.problem(path, problem.message, problem.mend)


def test_a_block_may_hold_what_is_no_credential_for_prefect_and_a_cloud_may_be_named_twice():
    env = {"DB_PASSWORD": {"from_prefect_block": "secret/k"}}
    shape = {"cloud": "one", "configs": [{"cloud": "one"}]}
    assert list(AGENT.check(manifest(AGENT, "a", {**BASE, "env": env, "cloud": "one", "compute_config": shape}))) == []


def test_names_with_versions_are_problems():
    [problem] = COMPUTE.check(manifest(COMPUTE, "a:1", {}))
    assert "colon" in problem.message
    [problem] = IMAGE.check(manifest(IMAGE, "a:1", {"image_uri": "x/y:1"}))
    assert "no image name" in problem.message


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        ({"compute_config": "cc"}, {("ComputeConfig", "cc", True)}),
        ({"compute_config": "cc:2"}, {("ComputeConfig", "cc", False)}),
        ({"compute_config": {"head_node": {"instance_type": "a"}}}, set()),
        ({"image_uri": "anyscale/image/im"}, {("Image", "im", True)}),
        ({"image_uri": "anyscale/image/im:3"}, {("Image", "im", False)}),
        ({"image_uri": "registry.example.com/im:3"}, set()),
        ({"cluster_env": "im"}, {("Image", "im", True)}),
    ],
)
def test_what_an_agent_refers_to_and_whether_it_follows_new_versions(fields, found):
    spec = AGENT.spec.model_validate({**BASE, **fields})
    references = {
        (mention.marker.kind, read.name, bool(mention.marker.rewritten_on))
        for mention in mentions(spec)
        if hasattr(mention.marker, "rewritten_on") and (read := named(mention.marker, mention.text))
    }
    assert references == found | {("WorkPool", "p", False)}
