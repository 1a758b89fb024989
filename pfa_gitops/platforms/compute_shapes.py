"""The shape of a cluster: the Anyscale SDK's compute config models as specs. Pure.

Fields and limits are those of `anyscale.compute_config.models` 0.26.112. The validators bring equal shapes to one
form, so that what a manifest says and what the platform answers compare as equal. Used by the kinds ComputeConfig,
Agent and InfraBlock, on both platforms.
"""

from collections import Counter
from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, model_validator

from pfa_gitops.model.values import Spec
from pfa_gitops.platforms.memory_sizes import memory_size, parse_memory

MarketType = Literal["ON_DEMAND", "SPOT", "PREFER_SPOT"]

LIVE = {"live": True}
"""The context in which a shape is validated that the platform tells: it is read, and not sent as it is."""
CUSTOM = "custom"
"""The instance type of a node that is described by `required_resources`."""
ACCELERATOR_LABEL = "ray.io/accelerator-type"
TPU_TOPOLOGY_LABEL = "ray.io/tpu-topology"


def _none_if_empty(value: Any) -> Any:
    """The platform does not tell an empty mapping from none."""
    return None if value == {} else value


def _zones(value: list[str] | None) -> list[str] | None:
    """The platform answers `["any"]` where no zones were given."""
    return None if value in ([], ["any"]) else value


def _check_resources(value: dict[str, int | float] | None) -> dict[str, int | float] | None:
    if value and (negative := [name for name, amount in value.items() if amount < 0]):
        raise ValueError(f"{', '.join(negative)} is below zero")
    return value


Resources = Annotated[dict[str, int | float] | None, AfterValidator(_check_resources)]
Labels = Annotated[dict[str, str] | None, AfterValidator(_none_if_empty)]
Settings = Annotated[dict[str, Any] | None, AfterValidator(_none_if_empty)]
Bounds = Annotated[dict[str, int | float] | None, AfterValidator(_check_resources), AfterValidator(_none_if_empty)]


def _not_reserved(reserved: Mapping[str, str]) -> AfterValidator:
    """The SDK keeps some fields among the flags; a flag of that name would be read back as the field."""

    def check(value: dict[str, Any] | None) -> dict[str, Any] | None:
        for name in value or {}:
            if name in reserved:
                raise ValueError(f"the flag {name} is the field {reserved[name]}: write that")
        return value

    return AfterValidator(check)


NODE_FLAGS = {"cloud_deployment": "cloud_deployment"}
CLUSTER_FLAGS = {
    "allow-cross-zone-autoscaling": "enable_cross_zone_scaling",
    "min_resources": "min_resources",
    "max_resources": "max_resources",
    "max-cpus": "max_resources.CPU",
    "max-gpus": "max_resources.GPU",
}


class PhysicalResources(Spec):
    """What a node must have, where no instance type is named."""

    CPU: int = Field(gt=0, le=512)
    """Number of CPUs."""
    memory: Annotated[str | int, BeforeValidator(memory_size)]
    """Memory in bytes, or with a unit, e.g. `8Gi` or `512Mi`."""
    GPU: int | None = Field(default=None, ge=0, le=16)
    """Number of GPUs."""
    accelerator: str | None = None
    """Type of accelerator, e.g. `T4`, `A100` or `H100`."""
    TPU: int | None = Field(default=None, ge=0)
    """Number of TPUs."""
    tpu_hosts: int | None = Field(default=None, ge=0)
    """Number of TPU hosts."""
    cpu_architecture: Literal["x86_64", "arm64"] | None = None
    """CPU architecture. Default: `x86_64`."""


class CloudDeployment(Spec):
    """Which of a cloud's deployments a node group runs on. One selector or more."""

    provider: str | None = None
    """Cloud provider, e.g. `aws` or `gcp`."""
    region: str | None = None
    """The provider's region, e.g. `us-west-2`."""
    machine_pool: str | None = None
    """Name of the machine pool."""
    id: str | None = None
    """Id of the cloud deployment, from the cloud's set-up."""


def _none_if_blank(value: CloudDeployment | None) -> CloudDeployment | None:
    """The platform does not tell a selector that selects nothing from none."""
    return value if value is not None and value.model_dump(exclude_none=True) else None


class Node(Spec):
    """What the head node and the worker groups have in common."""

    instance_type: str = CUSTOM
    """The cloud provider's instance type, e.g. `m5.2xlarge` on AWS or `n2-standard-8` on GCP.
    Left out where `required_resources` is given."""
    resources: Resources = None
    """Logical resources of the node: `CPU`, `GPU`, `memory` and `object_store_memory` in bytes, or your own.
    Default: what the instance type has."""
    required_resources: PhysicalResources | None = None
    """Physical resources that the node must have, in place of an instance type."""
    labels: Labels = None
    """Labels of the node, for scheduling."""
    required_labels: Labels = None
    """Labels that the node must have, e.g. `ray.io/accelerator-type: T4`."""
    advanced_instance_config: Settings = None
    """Passed through to the cloud provider as it is."""
    flags: Annotated[Settings, _not_reserved(NODE_FLAGS)] = None
    """Advanced or experimental options of the node."""
    cloud_deployment: Annotated[CloudDeployment | None, AfterValidator(_none_if_blank)] = None
    """Which of the cloud's deployments the node runs on."""

    @model_validator(mode="before")
    @classmethod
    def _fill_instance_type(cls, data: Any) -> Any:
        """As the SDK does: a node with required resources is of the type `custom`."""
        if not isinstance(data, Mapping) or data.get("instance_type") is not None:
            return data
        if data.get("required_resources") is None:
            raise ValueError("give instance_type or required_resources")
        return {**data, "instance_type": CUSTOM}

    @model_validator(mode="after")
    def _check_one_description(self) -> "Node":
        if self.required_resources is not None and self.instance_type != CUSTOM:
            raise ValueError(f"give instance_type: {self.instance_type} or required_resources, not both")
        return self

    @model_validator(mode="after")
    def _check_accelerator(self, info: ValidationInfo) -> "Node":
        """The SDK refuses an accelerator without its number. Live ones may have been made elsewhere."""
        if info.context is LIVE:
            return self
        accelerator = (self.required_labels or {}).get(ACCELERATOR_LABEL)
        if accelerator and (missing := self._missing_for(accelerator)):
            raise ValueError(f"{ACCELERATOR_LABEL}: {accelerator} in required_labels needs {' and '.join(missing)} too")
        return self

    def _missing_for(self, accelerator: str) -> list[str]:
        counts = self.required_resources.model_dump() if self.required_resources else {}
        if not accelerator.upper().startswith("TPU"):
            return [] if counts.get("GPU") else ["required_resources.GPU"]
        missing = [f"required_resources.{name}" for name in ("TPU", "tpu_hosts") if not counts.get(name)]
        labels = {**(self.labels or {}), **(self.required_labels or {})}
        return missing if TPU_TOPOLOGY_LABEL in labels else [*missing, f"the label {TPU_TOPOLOGY_LABEL}"]


class HeadNode(Node):
    """The head node of a cluster."""


class WorkerGroup(Node):
    """A group of equal worker nodes."""

    name: str | None = Field(default=None, min_length=1)
    """Unique name of the group. Default: the instance type, or a name made of the required resources."""
    min_nodes: int = Field(default=0, ge=0)
    """How many nodes are kept running at least."""
    max_nodes: int = Field(default=10, ge=1)
    """How many nodes may run at most."""
    market_type: MarketType = "ON_DEMAND"
    """`ON_DEMAND`, `SPOT`, or `PREFER_SPOT`: spot, and on demand where there is none."""

    @model_validator(mode="before")
    @classmethod
    def _fill_name(cls, data: Any) -> Any:
        """As the SDK does. The name counts as set, since the groups are told apart by it."""
        if not isinstance(data, Mapping) or data.get("name") is not None:
            return data
        return {**data, "name": group_name(data)}

    @model_validator(mode="after")
    def _check_nodes(self) -> "WorkerGroup":
        if self.max_nodes < self.min_nodes:
            raise ValueError(f"max_nodes {self.max_nodes} is below min_nodes {self.min_nodes}")
        return self


def group_name(data: Mapping[str, Any]) -> str:
    """The name that the SDK gives to a group without one; two groups of one type clash there as here."""
    resources, instance_type = data.get("required_resources"), data.get("instance_type") or CUSTOM
    if instance_type != CUSTOM or not isinstance(resources, Mapping | PhysicalResources):
        return str(instance_type)
    wanted = PhysicalResources.model_validate(resources)
    both = (data.get("labels"), data.get("required_labels"))  # not validated yet: they may be anything
    labels = {key: str(value) for part in both if isinstance(part, Mapping) for key, value in part.items()}
    accelerator = wanted.accelerator or labels.get(ACCELERATOR_LABEL)
    parts = [f"FP-{wanted.CPU}CPU-{parse_memory(wanted.memory) // 2**30}GB"]
    if wanted.TPU:
        parts += [f"{wanted.TPU}TPU", f"{wanted.tpu_hosts}TPUHost" if wanted.tpu_hosts else "", accelerator or ""]
    elif wanted.GPU:
        parts += [f"{wanted.GPU}GPU", accelerator or ""]
    parts.append("ARM64" if wanted.cpu_architecture == "arm64" else "")
    return "-".join(part for part in parts if part)


class ResourceShape(Spec):
    """The shape of a cluster on one resource of a cloud."""

    cloud: str | None = Field(default=None, min_length=1)
    """Name of the Anyscale cloud. Default: the environment's cloud."""
    cloud_resource: str | None = Field(default=None, min_length=1)
    """Name of the cloud resource. Default: the cloud's primary one."""
    head_node: HeadNode | None = None
    """The head node. Default: the cloud's default head node."""
    worker_nodes: Annotated[list[WorkerGroup], BeforeValidator(lambda groups: groups or [])] = Field(
        default_factory=list
    )
    """The groups of worker nodes; `[]` is a cluster of the head node only."""
    min_resources: Bounds = None
    """The least that all nodes together have, e.g. `{CPU: 8}`."""
    max_resources: Bounds = None
    """The most that all nodes together may have."""
    zones: Annotated[list[str] | None, AfterValidator(_zones)] = None
    """Availability zones that may be used. Default: all of the region."""
    enable_cross_zone_scaling: bool = False
    """Let the nodes of one cluster run in several zones."""
    advanced_instance_config: Settings = None
    """Passed through to the cloud provider as it is."""
    flags: Annotated[Settings, _not_reserved(CLUSTER_FLAGS)] = None
    """Advanced or experimental options of the cluster."""
    auto_select_worker_config: bool = False
    """Choose the worker groups by what the workload asks for. Excludes `worker_nodes`."""

    @model_validator(mode="after")
    def _check_groups(self) -> "ResourceShape":
        names = Counter(str(group.name) for group in self.worker_nodes)
        doubled = [name for name, count in names.items() if count > 1]
        if doubled:
            raise ValueError(f"two worker groups are named {', '.join(doubled)}: give each a name of its own")
        if self.auto_select_worker_config and self.worker_nodes:
            raise ValueError("give worker_nodes or auto_select_worker_config, not both")
        return self


ShapeT = TypeVar("ShapeT", bound=ResourceShape)


class ComputeShape(ResourceShape):
    """The shape of a cluster, on one resource of a cloud or on several."""

    configs: list[ResourceShape] | None = None
    """One shape per cloud resource, tried in this order. Beside it only `cloud` and `flags` may stand."""

    @model_validator(mode="before")
    @classmethod
    def _spread_flags(cls, data: Any) -> Any:
        """As the SDK does: flags beside `configs` go into each of them, where a config's own flags win."""
        if not isinstance(data, Mapping) or not data.get("flags") or not isinstance(data.get("configs"), list):
            return data
        configs = [
            {**config, "flags": {**data["flags"], **(config.get("flags") or {})}}
            if isinstance(config, Mapping)
            else config
            for config in data["configs"]
        ]
        return {**{name: value for name, value in data.items() if name != "flags"}, "configs": configs}

    @model_validator(mode="after")
    def _check_configs(self) -> "ComputeShape":
        if self.configs is None:
            return self
        beside = self.model_fields_set - {"configs", "cloud", "name"}
        if beside and (named := sorted(name for name in beside if getattr(self, name) != default_of(name))):
            raise ValueError(f"{', '.join(named)} cannot stand beside configs: write it in each of them")
        if foreign := sorted({str(config.cloud) for config in self.configs} - {"None", str(self.cloud)}):
            raise ValueError(
                f"a config's cloud {foreign[0]} is not the one beside configs, which counts: name it there"
            )
        resources = [config.cloud_resource for config in self.configs]
        if not resources or len(set(resources)) != len(resources):
            raise ValueError("give at least one config, and each its own cloud_resource")
        return self


def default_of(field: str) -> Any:
    """What a field of a shape is where nobody sets it."""
    return ComputeShape.model_fields[field].get_default(call_default_factory=True)


def sdk_document(shape: ResourceShape) -> dict[str, Any]:
    """The shape as the SDK's `ComputeConfig.from_dict` takes it, or its `MultiResourceComputeConfig.from_dict`.

    Memory is given in bytes, because the SDK reads units only where the Kubernetes client is installed.
    """
    configs = getattr(shape, "configs", None)
    if configs is not None:
        document = shape.model_dump(include={"cloud"}, exclude_none=True)
        return {**document, "configs": [sdk_document(config) for config in configs]}
    document = shape.model_dump(exclude_none=True, exclude={"name", "configs"})
    for node in [document.get("head_node") or {}, *document["worker_nodes"]]:
        if resources := node.get("required_resources"):
            resources["memory"] = parse_memory(resources["memory"])
    if shape.auto_select_worker_config:
        del document["worker_nodes"]
    return document
