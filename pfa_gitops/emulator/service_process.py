"""Services that run: one task each brings what runs in line with what was asked for. The only mover of their state.

STARTING > RUNNING | SYSTEM_FAILURE; ROLLING_OUT > RUNNING; ROLLING_BACK > RUNNING; UPDATING (in place) > RUNNING;
RUNNING <> UNHEALTHY; TERMINATING > TERMINATED. A new version comes up beside the one that serves, takes its weight,
and only then is the other one stopped. A rollout whose new version does not come up stays in ROLLING_OUT.
"""

import asyncio
import logging

from pfa_gitops.emulator.identity import now
from pfa_gitops.emulator.store import Doc
from pfa_gitops.emulator.traffic import Backends, Traffic
from pfa_gitops.emulator.version_process import attend, forget_process, stop
from pfa_gitops.emulator.world import World

_TICK_S = 0.2
_ALL = 100
_SETTLED = {"RUNNING", "UNHEALTHY", "SYSTEM_FAILURE"}
_log = logging.getLogger(__name__)


def versions_of(world: World, service_id: str) -> list[Doc]:
    """A service's versions, the newest first. A version's document is named after its service."""
    return world.store.find("service_version", service_id)


class Services:
    """The services that are not terminated."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._tasks: dict[str, asyncio.Task[None]] = {}

    async def resume(self) -> None:
        """Watch again what a former emulator left, and start again what is gone."""
        for service in self._world.store.find("service"):
            if service["current_state"] != "TERMINATED":
                for version in self._live_versions(service["id"]):
                    await forget_process(self._world, version)
                self.begin(service["id"])

    def begin(self, service_id: str) -> None:
        """Look after a service until it is terminated, in the background."""
        if not self._world.settings.run_services:
            self._pretend(service_id)
        if service_id not in self._tasks:
            task = asyncio.create_task(self._tend(service_id))
            self._tasks[service_id] = task
            task.add_done_callback(lambda done: self._ended(service_id, done))

    async def close(self) -> None:
        """Stop watching; end the processes too unless they are to be kept. The store keeps saying what ran."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if not self._world.settings.keep_jobs:
            live = [version for version in self._world.store.find("service_version") if version["pid"]]
            grace_s = self._world.settings.grace_s
            await asyncio.gather(*(stop(self._world, version, grace_s) for version in live))

    def _pretend(self, service_id: str) -> None:
        """Let the versions that are wanted count as running at once, so that nobody has to wait for them."""
        service = self._world.store.get("service", service_id) or {}
        if service["goal_state"] != "TERMINATED":
            for version_id in _wanted(service):
                self._world.store.change(version_id, current_state="RUNNING")
            _judge(self._world, service)

    def _ended(self, service_id: str, task: asyncio.Task[None]) -> None:
        self._tasks.pop(service_id, None)
        service = self._world.store.get("service", service_id) if not task.cancelled() else None
        if service is not None and service["goal_state"] != "TERMINATED":
            self.begin(service_id)  # deployed again while its end was under way

    async def _tend(self, service_id: str) -> None:
        traffic = Traffic()
        service = self._world.store.get("service", service_id) or {}
        self._world.store.change(service_id, port=await traffic.listen(service["port"] or 0))
        try:
            while not await self._tried_step(service_id, traffic):  # noqa: ASYNC110 - what runs sends no events
                await asyncio.sleep(_TICK_S)
        finally:
            await traffic.close()

    async def _tried_step(self, service_id: str, traffic: Traffic) -> bool:
        try:
            return await self._step(service_id, traffic)
        except Exception:  # a mistake in one look must not leave the service alone for ever
            _log.exception("service %s could not be looked after", service_id)
            return False

    async def _step(self, service_id: str, traffic: Traffic) -> bool:
        """One look at one service; True when it is terminated."""
        service = self._world.store.get("service", service_id)
        if service is None:
            return True
        wanted = _wanted(service)
        for version in self._live_versions(service_id):
            if version["id"] in wanted and self._world.settings.run_services:
                await attend(self._world, version)
        service = self._world.store.get("service", service_id) or {}
        if service["goal_state"] != "TERMINATED":
            _judge(self._world, service)
        # Before anything is stopped: nobody may be sent to a version that is on its way out.
        traffic.backends = self._backends(service_id)
        await self._stop_unwanted(service_id)
        return self._is_over(service_id)

    def _backends(self, service_id: str) -> Backends:
        service = self._world.store.get("service", service_id) or {}
        wanted = _wanted(service)
        versions = [version for version in self._live_versions(service_id) if version["id"] in wanted]
        return {version["port"]: version["current_weight"] for version in versions if version["port"]}

    async def _stop_unwanted(self, service_id: str) -> None:
        service = self._world.store.get("service", service_id) or {}
        wanted = _wanted(service)
        for version in self._live_versions(service_id):
            if version["id"] not in wanted:
                self._world.store.change(version["id"], current_state="TERMINATING", weight=0)
                await stop(self._world, version)
                self._world.store.change(version["id"], current_state="TERMINATED", pid=None, port=None)

    def _is_over(self, service_id: str) -> bool:
        service = self._world.store.get("service", service_id) or {}
        if service["goal_state"] != "TERMINATED":
            return False
        passed = [*service["transitions"], "TERMINATED"]
        self._world.store.change(service_id, current_state="TERMINATED", ended_at=now(), transitions=passed)
        return True

    def _live_versions(self, service_id: str) -> list[Doc]:
        return [version for version in versions_of(self._world, service_id) if version["current_state"] != "TERMINATED"]


def _wanted(service: Doc) -> list[str]:
    """The versions that are to run."""
    if service["goal_state"] == "TERMINATED":
        return []
    return [version_id for version_id in (service["primary"], service["canary"]) if version_id]


def _judge(world: World, service: Doc) -> None:
    """Move a service's state, and weights, to what its versions allow."""
    primary = world.store.get("service_version", service["primary"]) or {}
    if service["canary"] is None:
        _weigh(world, primary, _ALL)
        state = _alone(service["current_state"], primary["current_state"])
        _set(world, service, current_state=state, error_message=primary["error_message"])
        return
    canary = world.store.get("service_version", service["canary"]) or {}
    share = service["canary_percent"] if canary["current_state"] == "RUNNING" else 0
    _weigh(world, canary, share)
    _weigh(world, primary, _ALL - share)
    if share == _ALL:
        _set(world, service, current_state="RUNNING", primary=canary["id"], canary=None, error_message=None)
    else:
        _set(world, service, current_state="ROLLING_OUT", error_message=canary["error_message"])


def _alone(state: str, of_version: str) -> str:
    """The state of a service with one version."""
    if of_version in _SETTLED:
        return of_version
    return state if state in ("UPDATING", "ROLLING_BACK", "UNHEALTHY") else "STARTING"


def _weigh(world: World, version: Doc, weight: int) -> None:
    if version["current_weight"] != weight:
        world.store.change(version["id"], current_weight=weight, weight=weight)


def _set(world: World, service: Doc, **values: object) -> None:
    if any(service[key] != value for key, value in values.items()):
        passed = service["transitions"]
        if values["current_state"] != service["current_state"]:
            passed = [*passed, values["current_state"]]
        world.store.change(service["id"], **values, transitions=passed)
