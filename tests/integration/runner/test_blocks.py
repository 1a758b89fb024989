"""The block types as people use them in Python, as in the README of prefect-anyscale, and `cluster_env` as an image."""

import asyncio
import json
import os
import subprocess
import sys
from typing import Any

import pytest
from support.anyscale_emulator import AnyscaleEmulator
from support.prefect_server import PrefectServer

from pfa_gitops.model.errors import NotFound
from pfa_gitops.model.secrets import Sealed
from pfa_gitops.platforms.anyscale._sdk import Sdk
from pfa_gitops.platforms.anyscale._target import AnyscaleTarget
from pfa_gitops.runner.documents import FILE
from pfa_gitops.runner.infra import AnyscaleJobInfra
from pfa_gitops.runner.places.anyscale import submit_to
from pfa_gitops.runner.submission import Job


@pytest.fixture(scope="module")
def sdk(emulator: AnyscaleEmulator) -> Sdk:
    return Sdk(AnyscaleTarget(emulator.url, Sealed("aph0_test-token")))


def python(program: str, server: PrefectServer) -> Any:
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, **server.environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_block_is_saved_and_loaded_as_in_the_readme(prefect_server: PrefectServer):
    program = """
import json
from pfa_gitops.runner.blocks import AnyscaleJob, RayJob

AnyscaleJob(cluster_env="prefect-test-environment").save("test-infra")
RayJob(working_dir="/app").save("test-ray")
infra = AnyscaleJob.load("test-infra")
print(json.dumps([infra.cluster_env, infra.type, RayJob.load("test-ray").working_dir]))
"""
    assert python(program, prefect_server) == ["prefect-test-environment", "anyscale-job", "/app"]
    document = prefect_server.get("/block_types/slug/anyscale-job/block_documents/name/test-infra")
    assert document["data"]["type"] == "anyscale-job"
    assert (
        document["block_schema"]["checksum"]
        == json.loads(FILE.read_text())["blocks"]["anyscale-job"]["schema"]["checksum"]
    )


def image_of(sdk: Sdk, emulator: AnyscaleEmulator, infra: AnyscaleJobInfra) -> str:
    """The image that a job of this infra got."""
    job_id = asyncio.run(submit_to(sdk, infra, Job("an-image", {}, {}, "true")))
    return str(asyncio.run(sdk.call(lambda connection: connection.job.status(id=job_id))).config.image_uri)


def test_cluster_env_is_the_latest_or_the_named_version_of_an_image(sdk: Sdk, emulator: AnyscaleEmulator):
    for tag in ("1", "2"):
        uri = f"docker.io/me/mine:{tag}"
        asyncio.run(sdk.call(lambda connection, uri=uri: connection.image.register(uri, name="mine"), write=True))
    latest = AnyscaleJobInfra(type="anyscale-job", cluster_env="mine")
    assert image_of(sdk, emulator, latest) == "anyscale/image/mine:2"
    assert image_of(sdk, emulator, latest.model_copy(update={"cluster_env": "mine:1"})) == "anyscale/image/mine:1"
    with pytest.raises(NotFound, match="nobodys"):
        image_of(sdk, emulator, latest.model_copy(update={"cluster_env": "nobodys"}))


def test_the_workers_project_is_no_project_of_the_blocks_cloud(emulator: AnyscaleEmulator):
    first = emulator.call("GET", "/ext/v0/clouds/default")["result"]
    emulator.call("POST", "/_emulator/clouds", {"name": "elsewhere"})
    project = {"name": "home-project", "description": "", "parent_cloud_id": first["id"]}
    emulator.call("POST", "/api/v2/projects/", project)
    target = AnyscaleTarget(emulator.url, Sealed("aph0_test-token"), first["name"], "home-project")
    infra = AnyscaleJobInfra(cloud="elsewhere")
    job_id = asyncio.run(submit_to(Sdk(target), infra, Job("in-another-cloud", {}, {}, "true")))
    assert emulator.job(job_id)["cloud_id"] != first["id"]
