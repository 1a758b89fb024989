"""docs/guides/infra-blocks.md and overrides.md: what each job of the example was given, and that its flow ran."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from support.anyscale_emulator import AnyscaleEmulator, eventually
from support.example_project import ExampleProject
from support.prefect_server import PrefectServer
from support.ray_cluster import RayCluster, ray_cluster

QUICK = {"job_variables": {"command": "true"}}
"""A run whose job only starts and ends: what it was given can be seen."""


pytestmark = pytest.mark.slow  # seven flow runs


@pytest.fixture(scope="module")
def ray() -> Iterator[RayCluster]:
    with ray_cluster() as cluster:
        yield cluster


@pytest.fixture(scope="module")
def project(
    ray: RayCluster, prefect_server: PrefectServer, emulator: AnyscaleEmulator, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ExampleProject]:
    found = ExampleProject("infra-blocks", tmp_path_factory.mktemp("infra") / "project", prefect_server, emulator)
    found.apply(RAY_DASHBOARD=ray.dashboard)
    with found.worker("infra-blocks"):
        yield found


@pytest.fixture(scope="module")
def started(project: ExampleProject) -> Mapping[str, str]:
    """A run of each deployment, all at once. Those whose flow executes take a while."""
    bodies: dict[str, Any] = {
        "by-name": QUICK,
        "by-version": QUICK,
        "built": QUICK,
        "inline": {},
        "on-ray": {},
        "overridden": {"job_variables": {"timeout_s": 500, "env": {"LOG_LEVEL": "debug"}}},
    }
    return {name: project.run(project.id_of(f"say-colour/{name}"), **body) for name, body in bodies.items()}


def job_of(project: ExampleProject, run_id: str) -> dict[str, Any]:
    eventually(lambda: project.flow_run(run_id)["infrastructure_pid"], timeout_s=300)
    return project.job(run_id)


def compute_config(project: ExampleProject, job: Mapping[str, Any]) -> dict[str, Any]:
    found = project.emulator.call("GET", f"/api/v2/compute_templates/{job['config']['compute_config_id']}")["result"]
    return dict(found)


def build(project: ExampleProject, job: Mapping[str, Any]) -> dict[str, Any]:
    found = project.emulator.call("GET", f"/ext/v0/cluster_environment_builds/{job['config']['build_id']}")["result"]
    return dict(found)


def test_a_compute_config_by_name_and_an_image_by_its_name(project: ExampleProject, started: Mapping[str, str]):
    job = job_of(project, started["by-name"])
    config = compute_config(project, job)
    assert (config["name"], config["anonymous"]) == ("infra-small", False)
    assert "pip install pfa-gitops" in build(project, job)["containerfile"]
    assert job["config"]["runtime_env"]["env_vars"].items() >= {"LOG_LEVEL": "info", "COLOUR": "red"}.items()


def test_a_compute_config_by_version_and_a_cluster_env(project: ExampleProject, started: Mapping[str, str]):
    job = job_of(project, started["by-version"])
    config = compute_config(project, job)
    assert (config["name"], config["version"]) == ("infra-small", 1)
    assert build(project, job)["revision"] == 1
    assert job["config"]["build_id"] == job_of(project, started["by-name"])["config"]["build_id"]


def test_a_compute_config_written_out_and_an_image_of_a_registry(project: ExampleProject, started: Mapping[str, str]):
    job = job_of(project, started["inline"])
    config = compute_config(project, job)
    assert config["anonymous"]
    assert config["config"]["head_node_type"]["instance_type"] == "m5.xlarge"
    assert [node["instance_type"] for node in config["config"]["worker_node_types"]] == ["g5.xlarge"]
    assert build(project, job)["docker_image_name"] == "registry.example.com/flows:1.4.2"
    project.wait(started["inline"], {"COMPLETED"})


def test_an_image_that_is_built_before_the_job(project: ExampleProject, started: Mapping[str, str]):
    containerfile = (project.folder / "Containerfile").read_text()
    assert build(project, job_of(project, started["built"]))["containerfile"] == containerfile


def test_single_fields_per_deployment_and_per_run(project: ExampleProject, started: Mapping[str, str]):
    run_id = started["overridden"]
    job = job_of(project, run_id)
    assert compute_config(project, job)["config"]["head_node_type"]["instance_type"] == "m5.8xlarge"
    assert job["config"]["timeout_s"] == 500
    project.wait(run_id, {"COMPLETED"})
    assert eventually(lambda: "the colour is green and the level debug" in project.logs(run_id))


def test_a_job_on_the_ray_cluster_of_the_same_node(project: ExampleProject, started: Mapping[str, str]):
    project.wait(started["on-ray"], {"COMPLETED"})
    assert eventually(lambda: "the colour is blue and the level None" in project.logs(started["on-ray"]))
