"""What all services do alike: they are found, they get ready, they end. Reads, and ends services by the SDK."""

import asyncio
import time
from collections.abc import Sequence
from itertools import groupby
from typing import TypeVar

from pfa_gitops.model.errors import NotFound, Unavailable
from pfa_gitops.model.places import Address
from pfa_gitops.model.status import Cell, Health, Status, absent
from pfa_gitops.model.values import Manifest
from pfa_gitops.platforms.anyscale._answers import Cloud, Service
from pfa_gitops.platforms.anyscale._client import AnyscaleClient
from pfa_gitops.platforms.anyscale._lost_replies import send
from pfa_gitops.platforms.anyscale._service_spec import ServiceFields
from pfa_gitops.platforms.base import READY, Readiness, State

GONE = frozenset({"TERMINATED", "TERMINATING"})
FAILED = frozenset({"SYSTEM_FAILURE", "USER_ERROR_FAILURE"})
UNHEALTHY = "UNHEALTHY"
"""A version's own state. A service is in it as well while a new version is on its way to mend it."""
TERMINATE_SECONDS = 600.0
POLL_SECONDS = 2.0

SpecT = TypeVar("SpecT", bound=ServiceFields)


async def listed(
    client: AnyscaleClient, wanted: Sequence[Manifest[SpecT]]
) -> list[tuple[Cloud, list[tuple[Manifest[SpecT], Service | None]]]]:
    """The services that are wanted, None where there is none: one listing for each cloud and project."""

    def place(manifest: Manifest[SpecT]) -> tuple[str, str]:
        return manifest.spec.cloud or "", manifest.spec.project or ""

    found: list[tuple[Cloud, list[tuple[Manifest[SpecT], Service | None]]]] = []
    for (cloud_name, project_name), group in groupby(sorted(wanted, key=place), key=place):
        manifests = list(group)
        cloud = await client.cloud(cloud_name or None)
        project = await client.project(cloud, project_name or None)
        only = manifests[0].platform_name if len(manifests) == 1 else None
        there = {service.name: service for service in await client.services(cloud, project, only)}
        found.append((cloud, [(manifest, there.get(manifest.platform_name)) for manifest in manifests]))
    return found


async def find(client: AnyscaleClient, manifest: Manifest[SpecT]) -> Service | None:
    cloud = await client.cloud(manifest.spec.cloud)
    project = await client.project(cloud, manifest.spec.project)
    found = await client.services(cloud, project, manifest.platform_name)
    return next((service for service in found if service.name == manifest.platform_name), None)


def service_readiness(service: Service) -> Readiness:
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


def _reason(service: Service) -> str:
    """The last line of the error, which names it, and where the rest stands: Ray's tracebacks are long."""
    lines = [line.strip() for line in (service.error_message or "").splitlines() if line.strip()]
    where = "see its page in Anyscale's console"
    if not lines:
        return where
    return f"{lines[-1]} ({where} for the rest)" if len(lines) > 1 else lines[-1]


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


async def end(client: AnyscaleClient, service_id: str) -> None:
    """Terminate a service, wait for that, and delete it."""
    sdk = client.sdk
    try:
        await send(
            lambda: sdk.call(lambda anyscale: anyscale.service.terminate(id=service_id), write=True),
            lambda: _is_gone(client, service_id, GONE),
        )
        await _wait_until_terminated(client, service_id)
        await send(
            lambda: sdk.call(lambda anyscale: anyscale.service.delete(id=service_id), write=True),
            lambda: _is_gone(client, service_id, frozenset()),
        )
    except NotFound:
        return


_HEALTH = {State.READY: Health.GOOD, State.PROGRESSING: Health.ATTENTION, State.FAILED: Health.BAD}


def service_status(address: Address, service: Service | None) -> Status:
    """How a service does."""
    if service is None:
        return absent(address)
    if service.current_state in GONE:
        return absent(address, f"{service.current_state}: run apply")
    readiness = service_readiness(service)
    version = service.newest.version if service.newest else None
    facts: dict[str, Cell] = {"state": service.current_state, "version": version, "service_id": service.id}
    message = readiness.message if readiness.state is State.FAILED else service.current_state
    return Status(address, _HEALTH[readiness.state], message, None, facts)
