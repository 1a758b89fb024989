"""Turns a compute config as Anyscale stores it into a ComputeShape. Pure.

What is put back into its own form is what the SDK's `compute_config.get` puts back: flags that are fields, `["any"]`
for no zones, a head node without resources where other nodes do the work.
"""

from collections.abc import Mapping
from itertools import zip_longest
from typing import Any, TypeVar

from pydantic import ValidationError

from pfa_gitops.model.errors import PlatformError
from pfa_gitops.platforms.anyscale._answers import ComputeTemplate
from pfa_gitops.platforms.compute_shapes import LIVE, ComputeShape, HeadNode, ResourceShape

ShapeT = TypeVar("ShapeT", bound=ResourceShape)

UNSCHEDULABLE = {"CPU": 0, "GPU": 0}
"""What the SDK writes for a head node on which nothing shall run, unless it is told otherwise."""
RESOURCES = {
    "cpu": "CPU",
    "gpu": "GPU",
    "memory": "memory",
    "object_store_memory": "object_store_memory",
    "system_reserved_cpu_millicpu": "system_reserved_cpu_millicpu",
    "system_reserved_memory_bytes": "system_reserved_memory_bytes",
}
PHYSICAL = {
    "cpu": "CPU",
    "gpu": "GPU",
    "tpu": "TPU",
    "memory": "memory",
    "accelerator": "accelerator",
    "anyscale/tpu_hosts": "tpu_hosts",
    "cpu_architecture": "cpu_architecture",
}


class Unspeakable(PlatformError):
    """A compute config holds what no spec can say, e.g. what a newer SDK wrote."""


def live_shape(template: ComputeTemplate, cloud: str, wanted: ComputeShape | None = None) -> ComputeShape:
    """The shape of a live compute config of the cloud named `cloud`, in the words of `wanted` where it has several.

    Raises Unspeakable.
    """
    try:
        document = _document(template.config, cloud, bool(wanted and wanted.configs))
        shape = ComputeShape.model_validate(document, context=LIVE)
    except ValidationError as error:
        flaw = error.errors(include_input=False, include_url=False)[0]
        place = ".".join(str(part) for part in flaw["loc"])
        raise Unspeakable(
            f"the compute config {template.name}:{template.version} cannot be read: {place}: {flaw['msg']}",
            "choose another name, or mend it in Anyscale's console",
        ) from None
    if shape.configs is None:
        return _as_written(shape, wanted)
    asked = (wanted and wanted.configs) or []
    pairs = zip_longest(shape.configs, asked[: len(shape.configs)])
    configs = [_as_written(config, other) for config, other in pairs]
    return _with_open_cloud(shape, wanted).model_copy(update={"configs": configs})


def _as_written(shape: ShapeT, wanted: ResourceShape | None) -> ShapeT:
    return _with_open_cloud(_collapse_head(shape, wanted), wanted)


def _with_open_cloud(shape: ShapeT, wanted: ResourceShape | None) -> ShapeT:
    """A `cloud: null` in the manifest means the cloud in which the shape was found, and is told as null."""
    if wanted is None or wanted.cloud is not None or "cloud" not in wanted.model_fields_set:
        return shape
    return shape.model_copy(update={"cloud": None})


def _collapse_head(shape: ShapeT, wanted: ResourceShape | None) -> ShapeT:
    """Leave out the zeros that nobody wrote."""
    head, asked = shape.head_node, wanted.head_node if wanted else None
    if head is None or head.resources != UNSCHEDULABLE or (asked and asked.resources == UNSCHEDULABLE):
        return shape
    return shape.model_copy(update={"head_node": head.model_copy(update={"resources": None})})


def is_plain(head: HeadNode | None, instance_type: str) -> bool:
    """Whether a head node is what the SDK writes when it is told nothing but the default instance type."""
    return head is not None and head.model_dump(exclude_defaults=True) == {"instance_type": instance_type}


def _document(config: Mapping[str, Any], cloud: str, as_configs: bool) -> dict[str, Any]:
    """One config is stored alike whether it was written in a list or not."""
    parts = config.get("deployment_configs") or [config]
    shapes = [_resource_document(part, cloud) for part in parts]
    return shapes[0] if len(shapes) == 1 and not as_configs else {"cloud": cloud, "configs": shapes}


def _resource_document(config: Mapping[str, Any], cloud: str) -> dict[str, Any]:
    flags = dict(config.get("flags") or {})
    cross_zone = flags.pop("allow-cross-zone-autoscaling", None) or False
    least, most = flags.pop("min_resources", None), flags.pop("max_resources", None)
    if most is None:
        limits = {"CPU": flags.pop("max-cpus", None), "GPU": flags.pop("max-gpus", None)}
        most = {name: amount for name, amount in limits.items() if amount}
    automatic = bool(config.get("auto_select_worker_config"))
    return {
        "cloud": cloud,
        "cloud_resource": config.get("cloud_deployment"),
        "head_node": _node(config["head_node_type"]),
        "worker_nodes": [] if automatic else [_group(group) for group in config.get("worker_node_types") or ()],
        "min_resources": least,
        "max_resources": most,
        "zones": config.get("allowed_azs"),
        "enable_cross_zone_scaling": cross_zone,
        "advanced_instance_config": _advanced(config),
        "flags": flags,
        "auto_select_worker_config": automatic,
    }


def _node(node: Mapping[str, Any]) -> dict[str, Any]:
    flags = dict(node.get("flags") or {})
    deployment = flags.pop("cloud_deployment", None)
    return {
        "instance_type": node.get("instance_type"),
        "resources": _resources(node.get("resources")),
        "required_resources": _physical(node.get("required_resources")),
        "labels": node.get("labels"),
        "required_labels": node.get("required_labels"),
        "advanced_instance_config": _advanced(node),
        "flags": flags,
        "cloud_deployment": deployment or None,
    }


def _group(group: Mapping[str, Any]) -> dict[str, Any]:
    spot, fallback = group.get("use_spot"), group.get("fallback_to_ondemand")
    return {
        **_node(group),
        "name": group.get("name"),
        "min_nodes": _or(group.get("min_workers"), 0),
        "max_nodes": _or(group.get("max_workers"), 10),
        "market_type": ("PREFER_SPOT" if fallback else "SPOT") if spot else "ON_DEMAND",
    }


def _or(value: int | None, default: int) -> int:
    return default if value is None else value


def _resources(resources: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if resources is None:
        return None
    known = {name: resources.get(wire) for wire, name in RESOURCES.items()}
    everything = {**known, **(resources.get("custom_resources") or {})}
    return {name: amount for name, amount in everything.items() if amount is not None}


def _physical(resources: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if resources is None:
        return None
    return {name: resources[wire] for wire, name in PHYSICAL.items() if resources.get(wire) is not None}


def _advanced(config: Mapping[str, Any]) -> Any:
    names = ("advanced_configurations_json", "aws_advanced_configurations_json", "gcp_advanced_configurations_json")
    return next((config[name] for name in names if config.get(name)), None)
