"""Deploys a service by the SDK. Always with cloud and project: a name alone may be another project's."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from pfa_gitops.model.errors import Conflict, PlatformError
from pfa_gitops.platforms.anyscale._answers import Service
from pfa_gitops.platforms.anyscale._client import AnyscaleClient
from pfa_gitops.platforms.anyscale._lost_replies import send
from pfa_gitops.platforms.anyscale._own_tags import own_tags
from pfa_gitops.platforms.anyscale._service_document import Place
from pfa_gitops.platforms.anyscale._service_spec import ServiceFields
from pfa_gitops.platforms.anyscale._workload_writes import containerfile_of, image_document, sent_with_image

if TYPE_CHECKING:
    import anyscale

DEPLOY_SECONDS = 600.0
MOVING = frozenset({"ROLLING_OUT", "ROLLING_BACK", "UPDATING"})


async def deploy(
    client: AnyscaleClient,
    name: str,
    spec: ServiceFields,
    service: Service | None,
    *,
    describe: Callable[[Place], dict[str, Any]],
    options: Mapping[str, Any],
) -> str:
    """Start a service, or a rollout of `service`, with `options` of the SDK. Returns its id. Does not wait for it.

    `describe` makes its config but for its image.
    """
    if service is not None:
        _refuse_while_moving(service)
    cloud = await client.cloud(spec.cloud)
    project = await client.project(cloud, spec.project)
    document = describe(Place(cloud.name, project.name)) | await image_document(client, spec)

    def send(anyscale: "anyscale.Anyscale") -> str:
        from anyscale.service.models import ServiceConfig  # noqa: PLC0415 - 5 s to import

        with containerfile_of(spec) as written:
            return str(anyscale.service.deploy(ServiceConfig.from_dict(document | written), **options))

    return await sent_with_image(client, spec, f"image-for-service-{name}", send, DEPLOY_SECONDS)


def _refuse_while_moving(service: Service) -> None:
    if service.current_state == "TERMINATING":
        raise Conflict(f"the service {service.name} is terminating", "wait until it is terminated, then apply again")
    canary = service.canary_version
    failed = canary is not None and canary.current_state == "SYSTEM_FAILURE"
    if not failed and (canary is not None or service.current_state in MOVING):
        raise Conflict(
            f"a rollout of the service {service.name} is under way ({service.current_state})",
            "wait until it is done, or roll it back in Anyscale, then apply again",
        )


async def write_tags(client: AnyscaleClient, service_id: str, desired: dict[str, str]) -> None:
    """Bring a service's tags to `desired`: a deploy only adds."""

    async def write() -> None:
        live = await client.service_tags(service_id)
        added = {key: value for key, value in desired.items() if live.get(key) != value}
        removed = sorted(live.keys() - desired.keys())
        if added:
            await client.sdk.call(lambda anyscale: anyscale.service.add_tags(id=service_id, tags=added), write=True)
        if removed:
            await client.sdk.call(
                lambda anyscale: anyscale.service.remove_tags(id=service_id, keys=removed), write=True
            )

    async def arrived() -> bool:
        return await client.service_tags(service_id) == desired

    await send(write, arrived)


async def write_own_tags(client: AnyscaleClient, service_id: str) -> None:
    """Say of what a service was deployed. It is there, with or without these tags: a refusal fails nothing."""
    if tags := own_tags(client.owner, client.source):
        with suppress(PlatformError):
            await client.sdk.call(lambda anyscale: anyscale.service.add_tags(id=service_id, tags=tags), write=True)
