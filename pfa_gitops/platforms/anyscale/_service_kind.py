"""What the kinds of services share: Agent, which is one for a work pool, and Service, which is any other.

Each change but that of tags is a new version of the service, which Anyscale rolls out. A terminated service counts as
not there; deploying brings it back. A kind takes only services of its own sort.
"""

import asyncio
from abc import abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from pfa_gitops.model.errors import Conflict, Problem
from pfa_gitops.model.risk import Risk
from pfa_gitops.model.status import Health, Status
from pfa_gitops.model.values import Action, Change, Ids, Live, Manifest
from pfa_gitops.platforms.anyscale._answers import Cloud, Service, ServiceVersion
from pfa_gitops.platforms.anyscale._client import AnyscaleClient
from pfa_gitops.platforms.anyscale._live_shapes import Unspeakable
from pfa_gitops.platforms.anyscale._lost_replies import carries, send
from pfa_gitops.platforms.anyscale._service_deploy import deploy, write_own_tags, write_tags
from pfa_gitops.platforms.anyscale._service_document import Place
from pfa_gitops.platforms.anyscale._service_lifecycle import (
    GONE,
    SpecT,
    end,
    find,
    listed,
    service_readiness,
    service_status,
)
from pfa_gitops.platforms.anyscale._service_spec import ServiceFields
from pfa_gitops.platforms.anyscale._touches import made
from pfa_gitops.platforms.anyscale._workload_files import completed
from pfa_gitops.platforms.anyscale._workload_image import live_image
from pfa_gitops.platforms.anyscale._workload_live import live_compute_config, settled
from pfa_gitops.platforms.anyscale._workload_words import NAMED_AS_NONE, upload_flaws, worded
from pfa_gitops.platforms.base import Completed, Found, Kind, Observation, Readiness, State, Worded
from pfa_gitops.platforms.overlaid import overlaid

KEYED = ("compute_config.worker_nodes", "compute_config.configs.worker_nodes")
PLACE = frozenset({"cloud", "project"})
UNORDERED = ("compute_config.zones", "compute_config.configs.zones")


class ServiceKind(Kind[SpecT, AnyscaleClient]):
    """Reads services in bulk, deploys and terminates them."""

    platform = "anyscale"
    stranger: ClassVar[str]
    """What is said of a service of another sort, e.g. `is no agent`."""

    @abstractmethod
    def owns(self, version: ServiceVersion) -> bool:
        """Whether a service is of this kind's sort."""

    @abstractmethod
    def document(self, name: str, spec: SpecT, place: Place) -> dict[str, Any]:
        """The SDK's ServiceConfig, but for its image."""

    @abstractmethod
    def live_fields(self, service: Service, version: ServiceVersion, wanted: SpecT) -> dict[str, Any]:
        """The fields that a service tells by itself; image, compute config and tags are read apart."""

    @abstractmethod
    def bare_fields(self, version: ServiceVersion) -> dict[str, Any]:
        """What `live_fields` looks at of a manifest that nobody wrote yet."""

    def options(self, spec: SpecT) -> Mapping[str, Any]:
        """How the SDK shall roll out an update."""
        return {}

    def complete(self, spec: SpecT, root: Path) -> Completed[SpecT]:
        """Read the containerfile and the requirements; digest the local directories."""
        found = completed(spec, root)
        return Completed(found.spec.model_copy(update={"state": "RUNNING"}), found.flaws)

    async def observe(self, client: AnyscaleClient, wanted: Sequence[Manifest[SpecT]]) -> Observation:
        """One listing of services per project; then the distinct builds and compute configs of those wanted."""
        lives: list[Live[SpecT]] = []
        problems: list[Problem] = []
        for cloud, there in await listed(client, wanted):
            found = [(manifest, service) for manifest, service in there if service is not None]
            seen = await asyncio.gather(*(self._look(client, cloud, *pair) for pair in found))
            lives += [live for live in seen if isinstance(live, Live)]
            problems += [problem for problem in seen if isinstance(problem, Problem)]
        return Observation(lives, problems)

    async def _look(
        self, client: AnyscaleClient, cloud: Cloud, manifest: Manifest[SpecT], service: Service
    ) -> Live[SpecT] | Problem | None:
        version = service.newest
        if service.current_state in GONE or version is None:
            return None
        if not self.owns(version):
            message = f"the service {service.name} is there and {self.stranger}"
            return manifest.problem((), message, "choose another name, or remove the service")
        wanted = manifest.spec
        try:
            build, compute_config, tags = await asyncio.gather(
                client.build_by_id(version.build_id),
                live_compute_config(client, cloud, version.compute_config_id, wanted),
                _tags(client, service, wanted),
            )
        except Unspeakable as error:
            return manifest.problem(("compute_config",), error.message, error.mend)
        fields = self.live_fields(service, version, wanted) | await live_image(client, build, wanted)
        spec: Any = self.spec.model_construct(**fields, compute_config=compute_config, tags=tags)
        details = {"readiness": service_readiness(service)}
        return Live(manifest.key, spec, service.id, details, made(version))

    async def discover(self, client: AnyscaleClient) -> Sequence[Found[SpecT]]:
        """One listing of the services in the environment's cloud and project."""
        cloud = await client.cloud()
        services = await client.services(cloud, await client.project(cloud))
        there = [(service, service.newest) for service in services if service.current_state not in GONE]
        return [
            self._found(client, service, version)
            for service, version in there
            if version is not None and self.owns(version)
        ]

    def _found(self, client: AnyscaleClient, service: Service, version: ServiceVersion) -> Found[SpecT]:
        fields = {"name": service.name, "tags": {}, **NAMED_AS_NONE, **self.bare_fields(version)}
        spec: Any = self.spec.model_construct(**fields)
        return Found(self.bare(service.name, spec), service.id, _page(client, service.id), made(service))

    async def worded(self, client: AnyscaleClient, lives: Sequence[Live[SpecT]]) -> Sequence[Worded[SpecT]]:
        """Without what is filled in; the code that was uploaded is told."""
        return [Worded(worded(live.spec), tuple(upload_flaws(live.spec))) for live in lives]

    async def create(self, client: AnyscaleClient, change: Change, ids: Ids) -> str:
        """Start the service, or bring a terminated one back."""
        manifest: Manifest[SpecT] = change.manifest
        service = await find(client, manifest)
        if service is not None and service.current_state not in GONE and not self._is_own(service):
            message = f"the service {service.name} was made by somebody else meanwhile"
            raise Conflict(message, "plan and apply again")
        service_id = await self._deploy(client, manifest.platform_name, manifest.spec, service)
        if service is not None and _names_tags(manifest.spec):
            await write_tags(client, service_id, manifest.spec.tags or {})
        return service_id

    async def update(self, client: AnyscaleClient, change: Change, ids: Ids) -> None:
        """Roll out a new version: the live one with what the manifest names. Tags alone need no new version."""
        manifest: Manifest[SpecT] = change.manifest
        live: Live[SpecT] = change.existing
        if change.changed - {"tags"}:
            spec = settled(overlaid(manifest.spec, live.spec, self.rules), manifest.spec)

            async def roll_out() -> None:
                await self._deploy(client, manifest.platform_name, spec, await client.service_by_id(live.id))

            await send(roll_out, lambda: carries(self, client, manifest, apart_from={"tags"}))
        if _names_tags(manifest.spec):
            await write_tags(client, live.id, manifest.spec.tags or {})

    def risks(self, change: Change) -> Iterable[Risk]:
        """A new version is rolled out for all but tags."""
        running = change.action in {Action.UPDATE, Action.REPLACE}
        return {Risk.RESTARTS_AGENT} if running and change.changed - {"tags"} else ()

    async def _deploy(self, client: AnyscaleClient, name: str, spec: SpecT, service: Service | None) -> str:
        running = service is not None and service.current_state not in GONE
        service_id = await deploy(
            client,
            name,
            spec,
            service,
            describe=lambda place: self.document(name, spec, place),
            options=self.options(spec) if running else {},
        )
        await write_own_tags(client, service_id)
        return service_id

    async def delete(self, client: AnyscaleClient, live: Live[SpecT]) -> None:
        """Terminate the service, wait for that, and delete it."""
        await end(client, live.id)

    async def readiness(self, client: AnyscaleClient, manifest: Manifest[SpecT]) -> Readiness:
        """Fails at once where the SDK's own wait would go on to its time-out."""
        service = await find(client, manifest)
        return Readiness(State.FAILED, "the service is not there") if service is None else service_readiness(service)

    async def status(self, client: AnyscaleClient, wanted: Sequence[Manifest[SpecT]]) -> Sequence[Status]:
        """The state of its service, and why it does not do its work."""
        return [
            self._status(manifest, service) for _, there in await listed(client, wanted) for manifest, service in there
        ]

    def _status(self, manifest: Manifest[SpecT], service: Service | None) -> Status:
        if service is not None and service.current_state not in GONE and not self._is_own(service):
            return Status(manifest.address, Health.BAD, f"the service {service.name} is there and {self.stranger}")
        return service_status(manifest.address, service)

    def page(self, client: AnyscaleClient, live: Live[SpecT]) -> str:
        """By its id."""
        return _page(client, live.id)

    def _is_own(self, service: Service) -> bool:
        return service.newest is None or self.owns(service.newest)


def _page(client: AnyscaleClient, service_id: str) -> str:
    return f"{client.target.host}/services/{service_id}"


def _names_tags(spec: ServiceFields) -> bool:
    """Whether tags are the manifest's affair: a null means none, also where they left a manifest that named them."""
    return "tags" in spec.model_fields_set


async def _tags(client: AnyscaleClient, service: Service, wanted: ServiceFields) -> dict[str, str] | None:
    """The live tags, in the manifest's word for none. Reading them costs a request, so only where they are named."""
    if not _names_tags(wanted):
        return None
    live = await client.service_tags(service.id)
    return live if live or wanted.tags is not None else None
