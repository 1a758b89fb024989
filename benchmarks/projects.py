"""The projects that are timed: the same deployments for both sides."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

FLOW = "from prefect import flow\n\n\n@flow\ndef f{number}(x: int = 1):\n    return x\n"
SCHEMA = {
    "title": "Parameters",
    "type": "object",
    "properties": {"x": {"title": "x", "type": "integer", "default": 1, "position": 0}},
    "definitions": {},
}
"""Of that flow."""
POOL = "bench"
PER_FILE = 100
NIGHTLY = [{"cron": "0 3 * * *", "slug": "nightly", "active": False}]
"""Off: Prefect makes a hundred runs for each schedule that is on, and would be busy with that while others count."""


def write_project(folder: Path, manifests: Sequence[Mapping[str, Any]], **spec: Any) -> None:
    """A project, its manifests a hundred to a file."""
    project = manifest("Project", folder.name, {"environments": {"dev": {"default": True}}, **spec})
    write_yaml(folder / "pfa-gitops.yaml", project)
    (folder / "manifests").mkdir(exist_ok=True)
    for begin in range(0, len(manifests), PER_FILE):
        write_yaml(folder / "manifests" / f"{begin:06}.yaml", *manifests[begin : begin + PER_FILE])


def write_yaml(path: Path, *documents: Any) -> None:
    """A file of these documents."""
    path.write_text(yaml.dump_all(documents, Dumper=yaml.CSafeDumper, sort_keys=False))


def manifest(kind: str, name: str, spec: Mapping[str, Any]) -> dict[str, Any]:
    """One manifest."""
    return {"apiVersion": "pfa-gitops/v1", "kind": kind, "metadata": {"name": name}, "spec": spec}


def write_flows(folder: Path, number: int) -> None:
    """One file per flow, which both sides read."""
    for one in range(number):
        (folder / f"flow{one}.py").write_text(FLOW.format(number=one))


def deployments(folder: Path, number: int, flows: int | None = None, named: str = "ours") -> list[dict[str, Any]]:
    """So many deployments, of one flow each, or of so many flows together, as manifests."""
    return [
        manifest(
            "Deployment",
            f"{named}-{one}",
            {
                "name": f"{named}-{one}",
                "entrypoint": f"flow{one % (flows or number)}.py:f{one % (flows or number)}",
                "work_pool": POOL,
                "path": str(folder),
                "schedules": NIGHTLY,
                "tags": ["bench"],
            },
        )
        for one in range(number)
    ]


def requests_for(manifests: Sequence[Mapping[str, Any]], prefix: str) -> list[dict[str, Any]]:
    """What Prefect is sent for such deployments under other names, with the flow's name as `flow`."""
    return [
        {
            "name": f"{prefix}-{one['spec']['name']}",
            "flow": f"{prefix}-{one['spec']['entrypoint'].rpartition(':')[2]}",
            "entrypoint": one["spec"]["entrypoint"],
            "path": one["spec"]["path"],
            "tags": one["spec"]["tags"],
            "work_pool_name": one["spec"]["work_pool"],
            "schedules": [{"schedule": {"cron": "0 3 * * *"}, "slug": "nightly", "active": False}],
            "parameter_openapi_schema": SCHEMA,
            "labels": {"project": "bench"},
        }
        for one in manifests
    ]


def write_prefect_yaml(folder: Path, number: int) -> None:
    """The same deployments for `prefect deploy`, under other names."""
    found = [
        {
            "name": f"theirs-{one}",
            "entrypoint": f"flow{one}.py:f{one}",
            "work_pool": {"name": POOL},
            "schedules": NIGHTLY,
            "tags": ["bench"],
        }
        for one in range(number)
    ]
    pull = [{"prefect.deployments.steps.set_working_directory": {"directory": str(folder)}}]
    write_yaml(folder / "prefect.yaml", {"name": "bench", "pull": pull, "deployments": found})


def write_large(folder: Path, number: int, named: str = "ours") -> int:
    """`number` deployments of a tenth as many flows; for each twenty a block, for each fifty a pool. All manifests."""
    pools = [manifest("WorkPool", f"{named}-{one}", {"type": "process"}) for one in range(max(1, number // 50))]
    blocks = [
        manifest("Block", f"{named}-{one}", {"type": "local-file-system", "data": {"basepath": f"/srv/{one}"}})
        for one in range(max(1, number // 20))
    ]
    flows = max(1, number // 10)
    found = deployments(folder, number, flows, named)
    for one, deployment in enumerate(found):
        deployment["spec"]["work_pool"] = f"{named}-{one % len(pools)}"
    write_flows(folder, flows)
    write_project(folder, all_of_them := [*pools, *blocks, *found])
    return len(all_of_them)


def write_terraform(folder: Path, number: int) -> None:
    """So many resources of Terraform's own, each with fields as a deployment has them."""
    fields = f'pool = "{POOL}", cron = "0 3 * * *", tags = ["bench"]'
    texts = [
        f'resource "terraform_data" "d{one}" {{\n  input = {{ name = "ours-{one}", {fields} }}\n}}\n'
        for one in range(number)
    ]
    (folder / "main.tf").write_text("\n".join(texts))
