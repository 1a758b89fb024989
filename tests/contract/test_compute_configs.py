"""Compute configs through the real SDK."""

import pytest


@pytest.fixture
def models(sdk):
    return sdk.compute_config.models


def config(models, instance_type="m5.2xlarge"):
    return models.ComputeConfig(
        head_node=models.HeadNodeConfig(instance_type=instance_type),
        worker_nodes=[models.WorkerNodeGroupConfig(instance_type="g5.4xlarge", min_nodes=0, max_nodes=4)],
    )


def test_what_was_created_comes_back_whole(sdk, models):
    full = models.ComputeConfig(
        cloud=sdk.cloud.get_default().name,
        head_node=models.HeadNodeConfig(instance_type="m5.2xlarge", resources={"CPU": 4, "head": 1}),
        worker_nodes=[
            models.WorkerNodeGroupConfig(
                name="gpus", instance_type="g5.4xlarge", min_nodes=1, max_nodes=4, market_type="SPOT"
            )
        ],
        zones=["us-west-2a"],
        enable_cross_zone_scaling=False,
        advanced_instance_config={"TagSpecifications": []},
        min_resources={"CPU": 1},
        max_resources={"GPU": 8},
        flags={"idle": True},
    )
    name = sdk.compute_config.create(full, name="whole")
    assert name == "whole:1"
    assert sdk.compute_config.get("whole").config.to_dict() == full.to_dict() | {
        "flags": sdk.compute_config.get("whole").config.flags
    }
    assert sdk.compute_config.get("whole").config.flags["idle"] is True


def test_every_create_is_a_new_version_and_no_version_means_the_latest(sdk, models):
    assert sdk.compute_config.create(config(models), name="sized") == "sized:1"
    assert sdk.compute_config.create(config(models, "m5.4xlarge"), name="sized") == "sized:2"
    assert sdk.compute_config.get("sized").name == "sized:2"
    assert sdk.compute_config.get("sized:1").config.head_node.instance_type == "m5.2xlarge"
    with pytest.raises(RuntimeError, match="not found"):
        sdk.compute_config.get("sized:3")


def test_archiving_hides_all_versions_and_the_name_cannot_be_used_again(sdk, models):
    sdk.compute_config.create(config(models), name="gone")
    sdk.compute_config.create(config(models), name="gone")
    sdk.compute_config.archive("gone:1")
    with pytest.raises(RuntimeError, match="not found"):
        sdk.compute_config.get("gone")
    assert sdk.compute_config.get("gone", include_archived=True).name == "gone:2"
    with pytest.raises(ValueError, match="archived"):
        sdk.compute_config.create(config(models), name="gone")


def test_listing_pages_through_all_named_ones(sdk, models):
    for number in range(5):
        sdk.compute_config.create(config(models), name=f"paged-{number}")
    names, token = [], ""
    while token is not None:
        page = sdk.compute_config.list(max_items=2, next_token=token or None, sort_by="name", sort_order="desc")
        names += [item.name for item in page.results]
        token = page.next_token
    assert [name for name in names if name.startswith("paged-")] == [f"paged-{n}" for n in (4, 3, 2, 1, 0)]
