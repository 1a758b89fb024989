"""Deploys an agent's service by the SDK. Always with cloud and project: a name alone may be another project's."""

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from pfa_gitops.model.errors import Conflict
from pfa_gitops.platforms.anyscale._agent_image import image_uri
from pfa_gitops.platforms.anyscale._agent_service import service_document
from pfa_gitops.platforms.anyscale._agent_spec import AgentSpec
from pfa_gitops.platforms.anyscale._answers import Service
from pfa_gitops.platforms.anyscale._builds import build
from pfa_gitops.platforms.anyscale._client import BUILD_SECONDS, AnyscaleClient
from pfa_gitops.platforms.anyscale._image_names import ANYSCALES
from pfa_gitops.platforms.anyscale._lost_replies import send

if TYPE_CHECKING:
    import anyscale

DEPLOY_SECONDS = 600.0
MOVING = frozenset({"ROLLING_OUT", "ROLLING_BACK", "UPDATING"})


async def deploy(client: AnyscaleClient, name: str, spec: AgentSpec, service: Service | None) -> str:
    """Start a service, or a rollout of `service`. Returns its id. Does not wait for it to run."""
    if service is not None:
        _refuse_while_moving(service)
    cloud = await client.cloud(spec.cloud)
    project = await client.project(cloud, spec.project)
    document = service_document(name, spec, cloud.name, project.name)
    if (uri := await image_uri(client, spec)) is not None:
        document["image_uri"] = uri
    if spec.containerfile is not None or (uri and not uri.startswith(ANYSCALES)):
        document |= {"ray_version": spec.ray_version} if spec.ray_version else {}
        document |= {"registry_login_secret": spec.registry_login_secret} if spec.registry_login_secret else {}

    def send(anyscale: "anyscale.Anyscale") -> str:
        from anyscale.service.models import ServiceConfig  # noqa: PLC0415 - 5 s to import

        with tempfile.TemporaryDirectory() as folder:
            if spec.containerfile is not None:  # the SDK takes the path of a file
                path = Path(folder, "Containerfile")
                path.write_text(spec.containerfile)
                document["containerfile"] = str(path)
            return str(anyscale.service.deploy(ServiceConfig.from_dict(document)))

    if spec.containerfile is None:
        return await client.sdk.call(send, write=True, timeout_s=DEPLOY_SECONDS)
    image = f"image-for-service-{name}"  # as the SDK calls it
    return await build(
        client, image, spec.containerfile, lambda: client.sdk.call(send, write=True, timeout_s=BUILD_SECONDS)
    )


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
