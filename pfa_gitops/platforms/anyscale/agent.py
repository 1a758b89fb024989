"""The kind Agent: an Anyscale service that runs a Prefect worker for a work pool.

Each change but that of tags is a new version of the service, which Anyscale rolls out. A terminated service counts as
not there; deploying brings it back.
"""

import asyncio
import time
from collections.abc import Iterable, Sequence
from itertools import groupby
from pathlib import Path

from pfa_gitops.model.errors import NotFound, Problem, Unavailable
from pfa_gitops.model.places import Address
from pfa_gitops.model.status import Cell, Health, Status, absent
from pfa_gitops.model.values import Change, Ids, Live, Manifest
from pfa_gitops.platforms.anyscale._agent_deploy import deploy, write_tags
from pfa_gitops.platforms.anyscale._agent_files import completed
from pfa_gitops.platforms.anyscale._agent_image import live_image
from pfa_gitops.platforms.anyscale._agent_problems import problems
from pfa_gitops.platforms.anyscale._agent_service import is_agent, live_fields
from pfa_gitops.platforms.anyscale._agent_spec import IMAGE_FIELDS, AgentSpec
from pfa_gitops.platforms.anyscale._answers import Cloud, Service, ServiceVersion
from pfa_gitops.platforms.anyscale._client import AnyscaleClient
from pfa_gitops.platforms.anyscale._default_heads import worded_shape
from pfa_gitops.platforms.anyscale._live_shapes import Unspeakable
from pfa_gitops.platforms.anyscale._lost_replies import carries, send
from pfa_gitops.platforms.base import READY, Completed, FieldRules, Keyed, Kind, Observation, Readiness, State
from pfa_gitops.platforms.compute_shapes import ComputeShape
from pfa_gitops.platforms.overlaid import overlaid

GONE = frozenset({"TERMINATED", "TERMINATING"})
FAILED = frozenset({"SYSTEM_FAILURE", "USER_ERROR_FAILURE"})
UNHEALTHY = "UNHEALTHY"
"""A version's own state. A service is in it as well while a new version is on its way to mend it."""
TERMINATE_SECONDS = 600.0
POLL_SECONDS = 2.0

Wanted = Manifest[AgentSpec]


class Agent(Kind[AgentSpec, AnyscaleClient]):
    """Reads services in bulk, deploys and terminates them."""

    name = "Agent"
    platform = "anyscale"
    summary = "Anyscale service that runs a Prefect worker, which turns a work pool's runs into Anyscale jobs."
    rules = FieldRules(
        keyed={"compute_config.worker_nodes": Keyed("name"), "compute_config.configs.worker_nodes": Keyed("name")},
        unordered=frozenset({"work_queues", "compute_config.zones", "compute_config.configs.zones"}),
        whole=frozenset({"containerfile"}),
    )

    @property
    def spec(self) -> type[AgentSpec]:
        """The Spec class."""
        return AgentSpec

    def complete(self, spec: AgentSpec, root: Path) -> Completed[AgentSpec]:
        """Read the containerfile and the requirements; digest the local directories."""
        return completed(spec, root)

    def check(self, manifest: Wanted) -> Iterable[Problem]:
        """Credentials in clear or out of reach, and a second cloud."""
        return problems(manifest)

    async def observe(self, client: AnyscaleClient, wanted: Sequence[Wanted]) -> Observation:
        """One listing of services per project; then the distinct builds and compute configs of those wanted."""
        lives: list[Live[AgentSpec]] = []
        found_problems: list[Problem] = []
        for cloud, there in await _listed(client, wanted):
            found = [(manifest, service) for manifest, service in there if service is not None]
            seen = await asyncio.gather(*(_observe(client, cloud, manifest, service) for manifest, service in found))
            lives += [live for live in seen if isinstance(live, Live)]
            found_problems += [problem for problem in seen if isinstance(problem, Problem)]
        return Observation(lives, found_problems)

    async def create(self, client: AnyscaleClient, change: Change, ids: Ids) -> str:
        """Start the service, or bring a terminated one back."""
        manifest: Wanted = change.manifest
        service = await _find(client, manifest)
        service_id = await deploy(client, manifest.platform_name, manifest.spec, service)
        if service is not None and manifest.spec.tags is not None:
            await write_tags(client, service_id, manifest.spec.tags)
        return service_id

    async def update(self, client: AnyscaleClient, change: Change, ids: Ids) -> None:
        """Roll out a new version: the live one with what the manifest names. Tags alone need no new version."""
        manifest: Wanted = change.manifest
        live: Live[AgentSpec] = change.existing
        if change.changed - {"tags"}:
            spec = _settled(overlaid(manifest.spec, live.spec, self.rules), manifest.spec)

            async def roll_out() -> None:
                await deploy(client, manifest.platform_name, spec, await client.service_by_id(live.id))

            await send(roll_out, lambda: carries(self, client, manifest, apart_from={"tags"}))
        if manifest.spec.tags is not None:
            await write_tags(client, live.id, manifest.spec.tags)

    async def delete(self, client: AnyscaleClient, live: Live[AgentSpec]) -> None:
        """Terminate the service, wait for that, and delete it."""
        sdk = client.sdk
        try:
            await send(
                lambda: sdk.call(lambda anyscale: anyscale.service.terminate(id=live.id), write=True),
                lambda: _is_gone(client, live.id, GONE),
            )
            await _wait_until_terminated(client, live.id)
            await send(
                lambda: sdk.call(lambda anyscale: anyscale.service.delete(id=live.id), write=True),
                lambda: _is_gone(client, live.id, frozenset()),
            )
        except NotFound:
            return

    async def readiness(self, client: AnyscaleClient, manifest: Wanted) -> Readiness:
        """Fails at once where the SDK's own wait would go on to its time-out."""
        service = await _find(client, manifest)
        return Readiness(State.FAILED, "the service is not there") if service is None else _readiness(service)

    async def status(self, client: AnyscaleClient, wanted: Sequence[Wanted]) -> Sequence[Status]:
        """The state of its service, and why it does not do its work."""
        return [
            _status(manifest.address, service)
            for _, there in await _listed(client, wanted)
            for manifest, service in there
        ]


def _readiness(service: Service) -> Readiness:
    newest = service.newest
    version_state = newest.current_state if newest else service.current_state
    broken = next((state for state in (service.current_state, version_state) if state in FAILED), None)
    if broken or version_state == UNHEALTHY:
        return Readiness(State.FAILED, f"the service is in {broken or UNHEALTHY}: {_reason(service)}")
    if service.current_state in GONE:
        return Readiness(State.FAILED, f"the service is {service.current_state}")
    if service.current_state == "RUNNING" and service.canary_version is None:
        return READY
    return Readiness(State.PROGRESSING, f"the service is {service.current_state}")


_HEALTH = {State.READY: Health.GOOD, State.PROGRESSING: Health.ATTENTION, State.FAILED: Health.BAD}


def _status(address: Address, service: Service | None) -> Status:
    if service is None:
        return absent(address)
    if service.current_state in GONE:
        return absent(address, f"{service.current_state}: run apply")
    if service.newest is not None and not is_agent(service.newest):
        return Status(address, Health.BAD, f"the service {service.name} is there and is no agent")
    readiness = _readiness(service)
    version = service.newest.version if service.newest else None
    facts: dict[str, Cell] = {"state": service.current_state, "version": version, "service_id": service.id}
    message = readiness.message if readiness.state is State.FAILED else service.current_state
    return Status(address, _HEALTH[readiness.state], message, None, facts)


def _reason(service: Service) -> str:
    """The last line of the error, which names it, and where the rest stands: Ray's tracebacks are long."""
    lines = [line.strip() for line in (service.error_message or "").splitlines() if line.strip()]
    where = "see its page in Anyscale's console"
    if not lines:
        return where
    return f"{lines[-1]} ({where} for the rest)" if len(lines) > 1 else lines[-1]


def _settled(spec: AgentSpec, wanted: AgentSpec) -> AgentSpec:
    """Drop of the live side what the manifest names in another way: the image, the files."""
    named = [field for field in IMAGE_FIELDS if getattr(wanted, field) is not None]
    dropped = [field for field in IMAGE_FIELDS if named and field not in named]
    if wanted.containerfile is not None:
        details = {"ray_version", "registry_login_secret"}  # of the image that was there
        dropped += sorted(details - wanted.model_fields_set)
    if {"working_dir", "py_modules"} & wanted.model_fields_set and wanted.files_digest is None:
        dropped.append("files_digest")
    return spec.model_copy(update=dict.fromkeys(dropped))


async def _listed(
    client: AnyscaleClient, wanted: Sequence[Wanted]
) -> list[tuple[Cloud, list[tuple[Wanted, Service | None]]]]:
    """The services of the wanted agents, None where there is none: one listing for each cloud and project."""

    def place(manifest: Wanted) -> tuple[str, str]:
        return manifest.spec.cloud or "", manifest.spec.project or ""

    found: list[tuple[Cloud, list[tuple[Wanted, Service | None]]]] = []
    for (cloud_name, project_name), group in groupby(sorted(wanted, key=place), key=place):
        manifests = list(group)
        cloud = await client.cloud(cloud_name or None)
        project = await client.project(cloud, project_name or None)
        only = manifests[0].platform_name if len(manifests) == 1 else None
        there = {service.name: service for service in await client.services(cloud, project, only)}
        found.append((cloud, [(manifest, there.get(manifest.platform_name)) for manifest in manifests]))
    return found


async def _find(client: AnyscaleClient, manifest: Wanted) -> Service | None:
    cloud = await client.cloud(manifest.spec.cloud)
    project = await client.project(cloud, manifest.spec.project)
    found = await client.services(cloud, project, manifest.platform_name)
    return next((service for service in found if service.name == manifest.platform_name), None)


async def _observe(
    client: AnyscaleClient, cloud: Cloud, manifest: Wanted, service: Service
) -> Live[AgentSpec] | Problem | None:
    version = service.newest
    if service.current_state in GONE or version is None:
        return None
    if not is_agent(version):
        message = f"the service {service.name} is there and is no agent"
        return manifest.problem((), message, "choose another name, or remove the service")
    wanted = manifest.spec
    try:
        build, compute_config, tags = await asyncio.gather(
            client.build_by_id(version.build_id),
            _live_compute_config(client, cloud, version, wanted),
            client.service_tags(service.id) if wanted.tags is not None else _none(),
        )
    except Unspeakable as error:
        return manifest.problem(("compute_config",), error.message, error.mend)
    fields = live_fields(service, version, wanted) | await live_image(client, build, wanted)
    spec = AgentSpec.model_construct(**fields, compute_config=compute_config, tags=tags)
    return Live(manifest.key, spec, service.id)


async def _none() -> None:
    return None


async def _live_compute_config(
    client: AnyscaleClient, cloud: Cloud, version: ServiceVersion, wanted: AgentSpec
) -> str | ComputeShape | None:
    """NAME when the manifest says so and the live version is the latest, else NAME:VERSION, else the shape itself."""
    template = await client.compute_config_by_id(version.compute_config_id)
    asked = wanted.compute_config
    if asked is None and "compute_config" in wanted.model_fields_set:
        default = await client.default_compute_config(cloud)
        if default.id == template.id:
            return None
    if template.anonymous:
        return await worded_shape(client, cloud, template, asked if isinstance(asked, ComputeShape) else None)
    if asked == template.name:
        latest = await client.compute_configs(cloud, template.name)
        if latest and latest[0].id == template.id:
            return template.name
    return f"{template.name}:{template.version}"


async def _is_gone(client: AnyscaleClient, service_id: str, states: frozenset[str]) -> bool:
    """Whether the service is not there, or in one of `states`."""
    try:
        return (await client.service_by_id(service_id)).current_state in states
    except NotFound:
        return True


async def _wait_until_terminated(client: AnyscaleClient, service_id: str) -> None:
    give_up = time.monotonic() + TERMINATE_SECONDS
    while (state := (await client.service_by_id(service_id)).current_state) != "TERMINATED":
        if time.monotonic() > give_up:
            raise Unavailable(
                f"the service is still {state} after {TERMINATE_SECONDS:.0f} s",
                "look at it in Anyscale's console, then apply again",
            )
        await asyncio.sleep(POLL_SECONDS)


KIND = Agent()
