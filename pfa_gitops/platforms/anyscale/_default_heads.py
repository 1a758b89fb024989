"""Tells a live compute config in the words of a manifest that leaves the head node to Anyscale. Reads only."""

from itertools import zip_longest
from typing import TypeVar

from pfa_gitops.platforms.anyscale._answers import Cloud, ComputeTemplate
from pfa_gitops.platforms.anyscale._client import AnyscaleClient
from pfa_gitops.platforms.anyscale._live_shapes import is_plain, live_shape
from pfa_gitops.platforms.compute_shapes import ComputeShape, ResourceShape

ShapeT = TypeVar("ShapeT", bound=ResourceShape)


async def worded_shape(
    client: AnyscaleClient, cloud: Cloud, template: ComputeTemplate, wanted: ComputeShape | None
) -> ComputeShape:
    """The live shape. A `head_node: null` in `wanted` is told as null where it is so: the SDK writes the default.

    Raises Unspeakable, and PlatformError where Anyscale does not answer.
    """
    shape = live_shape(template, cloud.name, wanted)
    if shape.configs is None:
        return await _worded(client, cloud, shape, wanted)
    asked = ((wanted and wanted.configs) or [])[: len(shape.configs)]
    pairs = zip_longest(shape.configs, asked)
    return shape.model_copy(update={"configs": [await _worded(client, cloud, *pair) for pair in pairs]})


async def _worded(client: AnyscaleClient, cloud: Cloud, live: ShapeT, wanted: ResourceShape | None) -> ShapeT:
    if wanted is None or "head_node" not in wanted.model_fields_set or wanted.head_node is not None:
        return live
    default = await client.default_compute_config(cloud, wanted.cloud_resource)
    head = live_shape(default, cloud.name).head_node
    if head is None or not is_plain(live.head_node, head.instance_type):
        return live
    return live.model_copy(update={"head_node": None})
