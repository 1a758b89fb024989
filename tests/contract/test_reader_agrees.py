"""Our thin reader and the real SDK read one state and must agree, value by value.

The SDK runs in this process, against the emulator: what it makes of the answers is what Anyscale's users see.
"""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from support.anyscale_emulator import TOKEN, AnyscaleEmulator

from pfa_gitops.model.errors import NotFound
from pfa_gitops.model.secrets import Sealed
from pfa_gitops.platforms.anyscale._answers import Service
from pfa_gitops.platforms.anyscale._client import AnyscaleClient
from pfa_gitops.platforms.anyscale._live_shapes import live_shape
from pfa_gitops.platforms.anyscale._target import AnyscaleTarget
from pfa_gitops.platforms.compute_shapes import ComputeShape, sdk_document

SHAPES: dict[str, dict[str, Any]] = {
    "agree-plain": {"head_node": {"instance_type": "m5.2xlarge"}},
    "agree-default": {},
    "agree-automatic": {"head_node": {"instance_type": "m5.2xlarge"}, "auto_select_worker_config": True},
    "agree-full": {
        "cloud_resource": "local-cloud",
        "head_node": {
            "instance_type": "m5.2xlarge",
            "resources": {"CPU": 4, "memory": 8589934592, "own": 2},
            "labels": {"a": "b"},
            "flags": {"speed": 1},
            "cloud_deployment": {"region": "us-west-2"},
            "advanced_instance_config": {"a": {"b": 1}},
        },
        "worker_nodes": [
            {"instance_type": "g5.4xlarge", "market_type": "PREFER_SPOT", "max_nodes": 3},
            {"required_resources": {"CPU": 8, "memory": "32Gi", "GPU": 1, "accelerator": "A100"}},
            {"name": "tiny", "required_resources": {"CPU": 1, "memory": 1610612736, "tpu_hosts": 0}, "min_nodes": 1},
        ],
        "min_resources": {"CPU": 4},
        "max_resources": {"GPU": 2},
        "zones": ["us-west-2a"],
        "enable_cross_zone_scaling": True,
        "flags": {"idle": 10},
        "advanced_instance_config": {"c": 1},
    },
    "agree-several": {
        "configs": [
            {"cloud_resource": "local-cloud", "head_node": {"instance_type": "m5.large"}},
            {"head_node": {"instance_type": "m5.xlarge"}, "worker_nodes": [{"instance_type": "m5.large"}]},
        ]
    },
}


@pytest.fixture(scope="module")
def target(emulator: AnyscaleEmulator) -> AnyscaleTarget:
    return AnyscaleTarget(emulator.url, Sealed(TOKEN))


def read(target: AnyscaleTarget, what: Any) -> Any:
    """Run `what` with an open client."""

    async def scenario():
        async with AnyscaleClient(target) as client:
            return await what(client)

    return asyncio.run(scenario())


def low_level(anyscale: Any) -> Any:
    """The SDK's own client, which answers what the public calls hide."""
    return anyscale._anyscale_client


def test_clouds_and_projects(target, emulator):
    emulator.call("POST", "/_emulator/clouds", {"name": "agree-cloud"})

    async def both(client: AnyscaleClient):
        second = await client.cloud("agree-cloud")
        ours = [await client.cloud(), second]
        theirs = [
            await client.sdk.call(lambda sdk: low_level(sdk).get_default_cloud()),
            await client.sdk.call(lambda sdk: low_level(sdk).get_cloud_by_name(name="agree-cloud")),
        ]
        assert [(cloud.id, cloud.name) for cloud in ours] == [(cloud.id, cloud.name) for cloud in theirs]
        for cloud in ours:
            for name in (None, "default"):
                asked = {"parent_cloud_id": cloud.id, "name": name}
                found = await client.sdk.call(lambda sdk, asked=asked: low_level(sdk).get_project_id(**asked))
                assert (await client.project(cloud, name)).id == found
        with pytest.raises(NotFound, match="no Anyscale cloud missing"):
            await client.cloud("missing")
        with pytest.raises(NotFound, match="has no project missing"):
            await client.project(second, "missing")

    read(target, both)


@pytest.mark.parametrize("name", SHAPES)
def test_compute_configs(target, name):
    wanted = ComputeShape.model_validate(SHAPES[name])

    async def both(client: AnyscaleClient):
        def create(sdk: Any) -> str:
            from anyscale.compute_config.models import compute_config_type_from_dict  # noqa: PLC0415 - 5 s to import

            return sdk.compute_config.create(compute_config_type_from_dict(sdk_document(wanted)), name=name)

        full_name = [await client.sdk.call(create) for _ in range(2)][-1]
        cloud = await client.cloud()
        [found] = await client.compute_configs(cloud, name)
        theirs = await client.sdk.call(lambda sdk: sdk.compute_config.get(name))
        assert (found.id, f"{found.name}:{found.version}") == (theirs.id, theirs.name) == (found.id, full_name)
        ours = live_shape(found, cloud.name)
        assert ours == ComputeShape.model_validate(theirs.config.to_dict())
        assert await client.compute_config_by_id(found.id) == found

    read(target, both)


def test_the_default_compute_config(target):
    async def both(client: AnyscaleClient):
        cloud = await client.cloud()
        found = await client.default_compute_config(cloud)
        theirs = await client.sdk.call(lambda sdk: low_level(sdk).get_default_compute_config(cloud_id=cloud.id))
        assert (found.id, found.name, found.version) == (theirs.id, theirs.name, theirs.version)

    read(target, both)


def test_images_and_builds(target):
    async def both(client: AnyscaleClient):
        await client.sdk.call(lambda sdk: sdk.image.build("FROM anyscale/ray:2.44.1\nRUN true", name="agree-image"))
        await client.sdk.call(lambda sdk: sdk.image.build("FROM anyscale/ray:2.44.1\nRUN ls", name="agree-image"))
        uri = "registry.example.com/team/agree:1"
        await client.sdk.call(
            lambda sdk: sdk.image.register(uri, name="agree-registered", registry_login_secret="login")
        )
        theirs = await client.sdk.call(lambda sdk: list(sdk.image.list(name="agree", page_size=50)))
        ours = [image for image in await client.images("agree") if not image.anonymous]
        assert sorted((image.id, image.name) for image in ours) == sorted((image.id, image.name) for image in theirs)
        assert {image.name for image in ours} == {"agree-image", "agree-registered"}
        for image in ours:
            builds = await client.builds(image.id)
            listed = await client.sdk.call(
                lambda sdk, image=image: list(low_level(sdk).list_cluster_env_builds(image.id))
            )
            assert [build.model_dump(exclude={"image_id"}) for build in builds] == [
                {field: getattr(build, field) for field in type(builds[0]).model_fields if field != "image_id"}
                for build in listed
            ]
            assert await client.build_by_id(builds[0].id) == builds[0]
            single = await client.image_by_id(image.id)  # this look does not tell who made it
            assert single.model_copy(update={"creator": image.creator}) == image

    read(target, both)


def test_more_services_than_a_page(target, tmp_path_factory):
    quiet = AnyscaleEmulator(tmp_path_factory.mktemp("many") / "data", "--no-run-services").start()
    try:
        read(AnyscaleTarget(quiet.url, Sealed(TOKEN)), _compare_services)
    finally:
        quiet.stop()


async def _compare_services(client: AnyscaleClient) -> None:
    await client.sdk.call(lambda sdk: _deploy(sdk, "agree-0"), timeout_s=300)
    cloud = await client.cloud()
    project = await client.project(cloud)
    [first] = await client.services(cloud, project)
    for number in range(1, 53):
        name = f"agree-{number}"
        await client.sdk.call(lambda sdk, name=name: low_level(sdk).rollout_service(_copy(first, name)))
    ours = {service.name: service for service in await client.services(cloud, project)}
    assert len(ours) == 53
    pages = [await client.sdk.call(lambda sdk: low_level(sdk).list_services(count=50))]
    token = pages[0].metadata.next_paging_token
    pages.append(await client.sdk.call(lambda sdk: low_level(sdk).list_services(count=50, paging_token=token)))
    for theirs in [service for page in pages for service in page.results]:
        assert _ours(ours[theirs.name]) == _theirs(theirs)
    status = await client.sdk.call(lambda sdk: sdk.service.status("agree-0", cloud=cloud.name, project=project.name))
    version = ours["agree-0"].newest
    assert version is not None
    assert (status.id, str(status.state)) == (ours["agree-0"].id, ours["agree-0"].current_state)
    assert status.primary_version.config.applications == version.ray_serve_config["applications"]
    tags = await client.sdk.call(lambda sdk: sdk.service.list_tags(id=status.id))
    assert await client.service_tags(status.id) == tags == {"team": "ml"}


def _deploy(sdk: Any, name: str) -> str:
    from anyscale.service.models import ServiceConfig  # noqa: PLC0415 - 5 s to import

    applications = [{"import_path": "main:app", "args": {"a": 1}}]
    return sdk.service.deploy(
        ServiceConfig(
            name=name, applications=applications, working_dir=str(Path(__file__).parent), env_vars={"A": "1"},
            tracing_config={"sampling_ratio": 0.5}, tags={"team": "ml"},
        )
    )  # fmt: skip


def _copy(service: Service, name: str) -> Any:
    from anyscale.sdk.anyscale_client.models import ApplyProductionServiceV2Model  # noqa: PLC0415 - 5 s to import

    version = service.newest
    assert version is not None
    return ApplyProductionServiceV2Model(
        name=name,
        project_id=service.project_id,
        ray_serve_config=version.ray_serve_config,
        build_id=version.build_id,
        compute_config_id=version.compute_config_id,
        rollout_strategy="ROLLOUT",
    )


def _ours(service: Service) -> dict[str, Any]:
    version = service.newest
    assert version is not None
    return {
        "service": (service.id, service.project_id, service.cloud_id, service.current_state, service.error_message),
        "token": service.has_auth_token,
        "version": (version.id, version.version, version.build_id, version.compute_config_id, version.current_state),
        "config": version.ray_serve_config,
        "tracing": version.tracing_config and version.tracing_config["sampling_ratio"],
    }


def _theirs(service: Any) -> dict[str, Any]:
    version = service.primary_version
    return {
        "service": (service.id, service.project_id, service.cloud_id, service.current_state, service.error_message),
        "token": bool(service.auth_token),
        "version": (version.id, version.version, version.build_id, version.compute_config_id, version.current_state),
        "config": version.ray_serve_config,
        "tracing": version.tracing_config and version.tracing_config.sampling_ratio,
    }
