"""A service version as a process: starts the Serve runner, reads its status, and says what state the version is in."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

from pfa_gitops.emulator import process as processes
from pfa_gitops.emulator.environment import base_environment
from pfa_gitops.emulator.failure import last_words
from pfa_gitops.emulator.process import Process
from pfa_gitops.emulator.scratch import drop_ray_folder
from pfa_gitops.emulator.serve_config import runnable
from pfa_gitops.emulator.store import Doc
from pfa_gitops.emulator.world import World
from pfa_gitops.processes.identity import Identity

_STARTS = 6  # a runner ends by itself only when Ray does not start, which a busy machine causes (30 s, fixed in Ray)
_ENDS_WITHIN_S = 60.0  # an application says itself how long a replica may take to end; Serve's default is 20
_FAILED, _WELL, _ILL = "DEPLOY_FAILED", "RUNNING", "UNHEALTHY"


def version_folder(world: World, version_id: str) -> Path:
    """Where a version's log, Serve config and status lie."""
    return world.settings.data_dir / "services" / version_id


def process_of(world: World, version: Doc) -> Process | None:
    """The version's process, dead or alive; None when it was never started."""
    if not version["pid"]:
        return None
    exit_file = version_folder(world, version["id"]) / "exit_code"
    return Process(Identity(version["pid"], version["started"]), version["id"], exit_file)


async def attend(world: World, version: Doc) -> None:
    """Start or restart a version's process if need be, and record the state that it is in now."""
    version = world.store.get("service_version", version["id"]) or version  # an update may have come meanwhile
    found = process_of(world, version)
    if found is not None and found.alive():
        world.store.change(version["id"], **_observed(world, version))
        return
    ran = version["ran_generation"] is not None
    if not ran and version["starts"] >= _STARTS:
        world.store.change(version["id"], **_given_up(world, version))
        return
    if found is not None:
        await found.sweep()
    state = "UNHEALTHY" if ran and found is not None else "STARTING"
    world.store.change(version["id"], current_state=state, starts=version["starts"] + 1)
    await _start(world, version)


async def forget_process(world: World, version: Doc) -> None:
    """After the emulator was away: a process that is gone did not fail, its machine did."""
    found = process_of(world, version)
    if found is None or not found.alive():
        await processes.kill_marked(version["id"])
        world.store.save({**version, "pid": None, "starts": 0, "current_state": "STARTING", "ran_generation": None})


async def stop(world: World, version: Doc, within_s: float = _ENDS_WITHIN_S) -> None:
    """End a version's process and all of its Ray; its replicas may end by themselves in the seconds given."""
    found = process_of(world, version)
    if found is not None and found.alive() and _status(world, version) is not None:
        (version_folder(world, version["id"]) / "stop").touch()
        await found.wait(within_s)
        await found.sweep()
    elif found is not None:  # it does not serve yet
        await found.stop(world.settings.grace_s)
    await drop_ray_folder(version["id"])


def write_config(world: World, version: Doc) -> None:
    """Hand the version's Serve config to its runner, which follows it also while it runs. Slow: it may download.

    The caller holds the version's lock: an older config that arrives late must not replace a newer one.
    """
    folder = version_folder(world, version["id"])
    folder.mkdir(parents=True, exist_ok=True)
    config = runnable(version["ray_serve_config"], world.bucket, folder)
    part = folder / "deploy.part"
    part.write_text(json.dumps({"generation": version["generation"], "config": config}))
    part.rename(folder / "deploy.json")


async def _start(world: World, version: Doc) -> None:
    try:
        async with world.config_locks[version["id"]]:
            version = world.store.get("service_version", version["id"]) or version  # perhaps updated meanwhile
            await asyncio.to_thread(write_config, world, version)
    except Exception as problem:
        world.store.change(version["id"], starts=_STARTS, error_message=f"The config cannot be run: {problem}")
        return
    await drop_ray_folder(version["id"])
    begun = _spawn(world, version).identity
    world.store.change(version["id"], pid=begun.pid, started=begun.started, port=None)


def _spawn(world: World, version: Doc) -> Process:
    folder = version_folder(world, version["id"])
    (folder / "status.json").unlink(missing_ok=True)
    for name in ("exit_code", "stop"):
        (folder / name).unlink(missing_ok=True)
    return processes.start(
        [sys.executable, "-m", "pfa_gitops.emulator.serve_runner", str(folder)],
        cwd=folder,
        env=base_environment(world.settings, version["id"]),
        log=folder / "output.log",
        exit_file=folder / "exit_code",
        mark=version["id"],
    )


def _observed(world: World, version: Doc) -> Doc:
    status = _status(world, version)
    if status is None or status["generation"] != version["generation"]:
        keep = version["current_state"] in ("UNHEALTHY", "UPDATING")
        return {"current_state": version["current_state"] if keep else "STARTING"}
    values: Doc = {"port": status["port"], "error_message": None}
    found = {item["status"] for item in status["applications"].values()}
    messages = [item["message"] for item in status["applications"].values() if item["message"]]
    if found and found <= {_WELL}:
        return {**values, "current_state": "RUNNING", "ran_generation": version["generation"], "starts": 0}
    if found & {_FAILED, _ILL}:
        ran = version["ran_generation"] == version["generation"]
        state = "UNHEALTHY" if ran or _FAILED not in found else "SYSTEM_FAILURE"
        return {**values, "current_state": state, "error_message": _failure(world, version, messages)}
    return {"port": status["port"]}


def _status(world: World, version: Doc) -> dict[str, Any] | None:
    try:
        status: dict[str, Any] = json.loads((version_folder(world, version["id"]) / "status.json").read_text())
    except (OSError, ValueError):
        return None
    return status


def _given_up(world: World, version: Doc) -> Doc:
    log = version_folder(world, version["id"]) / "output.log"
    text = log.read_text(errors="replace") if log.exists() else ""
    message = version["error_message"] or f"{last_words(text) or 'It ended without a word.'} (all of it: {log})"
    return {"current_state": "SYSTEM_FAILURE", "error_message": message}


def _failure(world: World, version: Doc, messages: list[str]) -> str:
    """What Serve says in one line. All of it, tracebacks of 30 lines, goes to a file beside the log."""
    text = "\n".join(messages)
    file = version_folder(world, version["id"]) / "failure.log"
    if not file.exists() or file.read_text() != text:
        file.write_text(text)
    return f"{last_words(text) or 'Serve gives no reason.'} (all of it: {file})"
