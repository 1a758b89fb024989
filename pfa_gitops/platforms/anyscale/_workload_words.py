"""A live workload as people write it in a manifest. Pure."""

from collections.abc import Iterator
from typing import Any

from pfa_gitops.platforms.anyscale._source_files import is_remote
from pfa_gitops.platforms.anyscale._workload_spec import FieldsT, WorkloadFields
from pfa_gitops.platforms.base import Flaw
from pfa_gitops.platforms.compute_shapes import ComputeShape, ResourceShape, ShapeT, WorkerGroup, group_name

FILLED_IN = frozenset({"files_digest", "state"})
NAMED_AS_NONE: dict[str, Any] = {"image_uri": None, "compute_config": None, "working_dir": None, "py_modules": None}
"""Named so in what `discover` tells, what is the default is told as none, and what was uploaded by its source."""


def worded(spec: FieldsT) -> FieldsT:
    """The spec without what Anyscale or pfa-gitops fills in, and without what a manifest here cannot name."""
    left = FILLED_IN | {flaw.path[0] for flaw in upload_flaws(spec)}
    fields = {name: getattr(spec, name) for name in type(spec).model_fields if name not in left}
    fields["compute_config"] = compute_words(spec.compute_config)
    fields["tags"] = spec.tags or None
    made: Any = type(spec).model_construct(**fields)
    return made  # type: ignore[no-any-return]


def compute_words(value: str | ComputeShape | None) -> str | ComputeShape | None:
    """A compute config by its name alone; where the live version is not the latest, `observe` puts the version back."""
    if isinstance(value, str):
        return value.partition(":")[0]
    return shape_words(value) if value is not None else None


def shape_words(shape: ShapeT) -> ShapeT:
    """A shape without the names that worker groups have anyway. Its cloud is the one in which it was found."""
    fields = {name: getattr(shape, name) for name in type(shape).model_fields}
    fields |= {"cloud": None, "worker_nodes": [_group_words(group) for group in shape.worker_nodes]}
    if configs := fields.get("configs"):
        fields["configs"] = [shape_words(config) for config in configs]
    made: Any = type(shape).model_construct(**fields)
    return made  # type: ignore[no-any-return]


def _group_words(group: WorkerGroup) -> WorkerGroup:
    fields = {name: getattr(group, name) for name in type(group).model_fields}
    if group.name == group_name(fields):
        del fields["name"]
    return WorkerGroup.model_construct(**fields)


def open_shape(shape: ComputeShape) -> dict[str, Any]:
    """Fields that name of a shape what may be the default: its clouds and its head nodes."""
    configs = shape.configs and [
        ResourceShape.model_construct(cloud=None, head_node=None, cloud_resource=config.cloud_resource)
        for config in shape.configs
    ]
    return {"cloud": None, "head_node": None, "cloud_resource": shape.cloud_resource, "configs": configs}


def upload_flaws(spec: WorkloadFields) -> Iterator[Flaw]:
    """Code that came from somebody's disk: where it lies here, nobody knows."""
    for name in ("working_dir", "py_modules"):
        value = getattr(spec, name)
        places = value if isinstance(value, list) else [value]
        if any(place is not None and not is_remote(place) for place in places):
            message = f"its code was uploaded from the {name} {', '.join(map(str, places))}"
            yield Flaw(
                (name,), message, f"put that folder into the project, and name it as {name}; until then it stays"
            )
