"""A head node that the manifest leaves to Anyscale: the default is that of the cloud resource."""

import asyncio
import json

import httpx
import pytest

from pfa_gitops.model.secrets import Sealed
from pfa_gitops.platforms.anyscale._answers import Cloud, ComputeTemplate
from pfa_gitops.platforms.anyscale._client import AnyscaleClient
from pfa_gitops.platforms.anyscale._default_heads import worded_shape
from pfa_gitops.platforms.anyscale._target import AnyscaleTarget
from pfa_gitops.platforms.compute_shapes import ComputeShape

DEFAULTS = {"": "m5.large", "far": "n2-standard-8"}
"""The default instance types: the cloud's, and its other resource's."""


def template(*heads: str) -> dict:
    parts = [
        {"head_node_type": {"instance_type": head}, "cloud_deployment": f"resource-{index}"}
        for index, head in enumerate(heads)
    ]
    config = parts[0] if len(parts) == 1 else {"deployment_configs": parts}
    return {"id": "t", "name": "t", "version": 1, "config": config}


def answer(request: httpx.Request) -> httpx.Response:
    """As a cloud with two resources does."""
    path, params = request.url.path, request.url.params
    if path.endswith("/find_cloud_resource_by_name"):
        name = params["cloud_resource_name"]
        assert (request.method, json.loads(request.content)) == ("POST", {})
        if name not in DEFAULTS:
            return httpx.Response(404, json={"error": {"detail": "no such resource"}})
        return httpx.Response(200, json={"result": {"cloud_resource_id": name}})
    if path == "/ext/v0/cluster_computes/default":
        return httpx.Response(200, json={"result": {"id": "default-" + params.get("cloud_resource_id", "")}})
    return httpx.Response(200, json={"result": template(DEFAULTS[path.rpartition("default-")[2]])})


@pytest.mark.parametrize(
    ("live", "wanted", "told"),
    [
        (["m5.large"], {"head_node": None}, None),
        (["m5.large"], {}, "m5.large"),
        (["m5.4xlarge"], {"head_node": None}, "m5.4xlarge"),
        (["n2-standard-8"], {"head_node": None, "cloud_resource": "far"}, None),
        (["m5.large"], {"head_node": None, "cloud_resource": "far"}, "m5.large"),
        (["m5.large"], {"head_node": None, "cloud_resource": "unknown"}, None),
        (
            ["n2-standard-8", "m5.large"],
            {"configs": [{"head_node": None, "cloud_resource": "far"}, {"head_node": None}]},
            [None, None],
        ),
        (["m5.large", "m5.large"], {"configs": [{"head_node": None}]}, [None, "m5.large"]),
    ],
)
def test_null_is_told_where_the_head_node_is_the_default_one(live, wanted, told):
    async def ask() -> ComputeShape:
        target = AnyscaleTarget("http://anyscale.example.com", Sealed("t"))
        async with AnyscaleClient(target, httpx.MockTransport(answer)) as client:
            found = ComputeTemplate.model_validate(template(*live))
            return await worded_shape(client, Cloud(id="c", name="c"), found, ComputeShape.model_validate(wanted))

    shape = asyncio.run(ask())
    parts = [shape] if shape.configs is None else shape.configs
    heads = [part.head_node and part.head_node.instance_type for part in parts]
    assert (heads if isinstance(told, list) else heads[0]) == told
