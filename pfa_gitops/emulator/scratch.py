"""Throws away what units left outside the data folder."""

import asyncio
import shutil

from pfa_gitops.emulator.environment import ray_folder
from pfa_gitops.emulator.world import World


async def drop_ray_folder(unit_id: str) -> None:
    """Remove a unit's Ray folder; nothing happens when it is not there."""
    await asyncio.to_thread(shutil.rmtree, ray_folder(unit_id), ignore_errors=True)


async def drop_left_ray_folders(world: World) -> None:
    """Remove those of all units of ours that have ended: a former emulator may have been killed before it could."""
    runs = [run["id"] for run in world.store.find("job_run") if run["status"] != "RUNNING"]
    versions = world.store.find("service_version")
    ended = [version["id"] for version in versions if version["current_state"] == "TERMINATED"]
    for unit_id in (*runs, *ended):
        if ray_folder(unit_id).exists():
            await drop_ray_folder(unit_id)
