"""Jobs as processes: starts each run, watches it, retries it, ends it. The only one who moves a job's state.

PENDING > AWAITING_CLUSTER_START > RUNNING > SUCCESS | ERRORED > RESTARTING > RUNNING … > OUT_OF_RETRIES | TERMINATED.
A job whose cluster cannot come to be is BROKEN.
``timeout_s`` counts per run; a run that took too long failed and is retried like any other failure.
A run whose processes ended without leaving an exit code failed: its node was lost. A clean stop of the emulator is such
a loss to the runs that it ends: the exit code that their shells still wrote down is none of theirs, and is removed.
"""

import asyncio
import logging
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pfa_gitops.emulator import process as processes
from pfa_gitops.emulator.environment import base_environment, text_values
from pfa_gitops.emulator.identity import new_id, now
from pfa_gitops.emulator.process import Process
from pfa_gitops.emulator.scratch import drop_ray_folder
from pfa_gitops.emulator.store import Doc
from pfa_gitops.emulator.working_dir import package as package_at
from pfa_gitops.emulator.working_dir import place, single_folder, unpack
from pfa_gitops.emulator.world import World
from pfa_gitops.processes.identity import Identity

FINAL = {"SUCCESS", "TERMINATED", "OUT_OF_RETRIES", "BROKEN"}
_PAUSE_S = 0.05
_log = logging.getLogger(__name__)


def runs_of(world: World, job_id: str) -> list[Doc]:
    """A job's runs, the first one first."""
    return world.store.find("job_run", job_id)[::-1]


def run_folder(world: World, run_id: str) -> Path:
    """Where a run's log, exit code and unpacked working directory lie."""
    return world.settings.data_dir / "runs" / run_id


class Jobs:
    """The jobs that have not ended, one task each."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._stops: dict[str, asyncio.Event] = {}

    def resume(self) -> None:
        """Watch again what a former emulator left."""
        for job in self._world.store.find("job"):
            if job["current_state"] not in FINAL:
                self.begin(job["id"])

    def begin(self, job_id: str) -> None:
        """Run a job to its end, in the background."""
        self._stops[job_id] = asyncio.Event()
        task = asyncio.create_task(self._tend(job_id))
        self._tasks[job_id] = task
        task.add_done_callback(lambda done: self._ended(job_id, done))

    def terminate(self, job_id: str) -> None:
        """Ask a job to end; its state follows when its processes are gone."""
        self._world.store.change(job_id, goal_state="TERMINATED")
        if job_id in self._stops:
            self._stops[job_id].set()

    async def lose_node(self, job_id: str) -> bool:
        """Kill a job's processes as if their machine had died; False when nothing runs."""
        found = self._living(job_id)
        if found is not None:
            await found.sweep()
        return found is not None

    async def close(self) -> None:
        """Stop watching; end the processes too unless they are to be kept. No state moves.

        The store keeps saying that they run, so that the next emulator finds them gone as with a lost node.
        """
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)
        if not self._world.settings.keep_jobs:
            jobs = [job for job in self._world.store.find("job") if job["current_state"] not in FINAL]
            living = [found for job in jobs if (found := self._living(job["id"])) is not None]
            await asyncio.gather(*(self._stop(found) for found in living))

    async def _stop(self, found: Process) -> None:
        """End a run that the store goes on calling running. What its command answered TERM with is not its result."""
        await found.stop(self._world.settings.grace_s)
        found.exit_file.unlink(missing_ok=True)
        await drop_ray_folder(found.mark)

    def _ended(self, job_id: str, task: asyncio.Task[None]) -> None:
        self._tasks.pop(job_id, None)
        self._stops.pop(job_id, None)
        if not task.cancelled() and task.exception() is not None:
            _log.error("job %s is no longer watched", job_id, exc_info=task.exception())

    def _living(self, job_id: str) -> Process | None:
        runs = runs_of(self._world, job_id)
        found = _process_of(self._world, runs[-1]) if runs and runs[-1]["status"] == "RUNNING" else None
        return found if found is not None and found.alive() else None

    async def _tend(self, job_id: str) -> None:
        run = self._open_run(job_id)
        while True:
            run = run or await self._start(job_id)
            if run is None:
                return
            if await self._watch(job_id, run) in FINAL:
                return
            run = None

    def _open_run(self, job_id: str) -> Doc | None:
        """The last run, unless the job has drawn its conclusion from it: then the next one is due."""
        runs = runs_of(self._world, job_id)
        restarting = (self._world.store.get("job", job_id) or {}).get("current_state") == "RESTARTING"
        return None if not runs or (restarting and runs[-1]["status"] != "RUNNING") else runs[-1]

    async def _start(self, job_id: str) -> Doc | None:
        """The next run, started; None when the job was terminated before, or is broken."""
        if not runs_of(self._world, job_id):
            self._move(job_id, "AWAITING_CLUSTER_START")
        if not await self._cluster_came(job_id):
            return None
        job = self._world.store.get("job", job_id) or {}
        run = await asyncio.to_thread(_prepare, self._world.settings.data_dir, self._world.bucket, job)
        # Written down before it starts: an emulator killed in between finds the process by its mark, and ends it.
        with self._world.store.together():
            run = self._world.store.insert("job_run", _new_run(job, run))
            self._move(job_id, "RUNNING", last_job_run_id=run["id"], operation_message=None)
        if run["error"]:
            return run
        started = _spawn(self._world, job, run)
        return self._world.store.save({**run, "pid": started.identity.pid, "started": started.identity.started})

    async def _cluster_came(self, job_id: str) -> bool:
        """Wait for it. Where it does not come, the job has ended."""
        job = self._world.store.get("job", job_id) or {}
        ready, told = asyncio.get_running_loop().time() + self._world.settings.start_delay_s, None
        while not self._asked_to_stop(job_id):
            late = asyncio.get_running_loop().time() >= ready
            stuck = self._world.faults.stuck(job["name"])
            if stuck is not None and stuck.broken:
                self._move(job_id, "BROKEN", error=stuck.message)
                return False
            if late and stuck is None:
                return True
            if stuck is not None and stuck.message != told:
                told = stuck.message
                self._world.store.change(job_id, operation_message=told)
            await asyncio.sleep(_PAUSE_S)
        self._move(job_id, "TERMINATED")
        return False

    def _asked_to_stop(self, job_id: str) -> bool:
        job = self._world.store.get("job", job_id)
        return job is None or job["goal_state"] == "TERMINATED"

    async def _watch(self, job_id: str, run: Doc) -> str:
        """Wait for a run's end and record it; the state that the job is in then."""
        if run["status"] != "RUNNING":
            return self._conclude(job_id, run, run["status"], run["error"])
        found = _process_of(self._world, run)
        if found is None:
            await processes.kill_marked(run["id"])
            return await self._finish(job_id, run, "FAILED", run["error"] or "The node was lost.")
        left = _seconds_left(run, (self._world.store.get("job", job_id) or {}).get("timeout_s"))
        in_time = await self._ends(found, job_id, left)
        if self._asked_to_stop(job_id):
            await found.stop(self._world.settings.grace_s)
            return await self._finish(job_id, run, "STOPPED", None)
        if not in_time:
            await found.stop(self._world.settings.grace_s)
            return await self._finish(job_id, run, "FAILED", "The run took longer than timeout_s.")
        await found.sweep()  # a cluster ends with its job, and so does what the job left behind
        code = found.exit_code()
        failure = "The node was lost." if code == processes.KILLED else f"The entrypoint exited with {code}."
        return await self._finish(job_id, run, "FAILED" if code else "SUCCEEDED", failure if code else None)

    async def _ends(self, found: Process, job_id: str, timeout_s: float | None) -> bool:
        """Wait for the end or for a wish to stop; False after the timeout."""
        if self._asked_to_stop(job_id):
            return True
        ending = asyncio.create_task(found.wait())
        stopping = asyncio.create_task(self._stops[job_id].wait())
        try:
            done, _ = await asyncio.wait({ending, stopping}, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
        finally:
            ending.cancel()
            stopping.cancel()
        return bool(done)

    async def _finish(self, job_id: str, run: Doc, status: str, failure: str | None) -> str:
        await drop_ray_folder(run["id"])
        return self._conclude(job_id, run, status, failure)

    def _conclude(self, job_id: str, run: Doc, status: str, failure: str | None) -> str:
        """Write down a run's end and what it means for its job, both or neither: else the job might run once more."""
        with self._world.store.together():
            self._world.store.change(run["id"], status=status, finished_at=run["finished_at"] or now(), error=failure)
            if status == "FAILED":
                self._move(job_id, "ERRORED", error=failure)
            state = self._state_after(job_id, status)
            self._move(job_id, state)
        return state

    def _state_after(self, job_id: str, status: str) -> str:
        if status != "FAILED":
            return "TERMINATED" if status == "STOPPED" else "SUCCESS"
        job = self._world.store.get("job", job_id) or {}
        return "RESTARTING" if len(runs_of(self._world, job_id)) <= job["max_retries"] else "OUT_OF_RETRIES"

    def _move(self, job_id: str, state: str, **values: Any) -> None:
        job = self._world.store.get("job", job_id)
        if job is not None:
            moved = {"current_state": state, "state_transitioned_at": now(), "updated_at": now()}
            passed = [*job["transitions"], state]
            self._world.store.save({**job, **moved, **values, "transitions": passed})


def _seconds_left(run: Doc, timeout_s: float | None) -> float | None:
    if timeout_s is None:
        return None
    ran = datetime.now(UTC) - datetime.fromisoformat(run["created_at"])
    return max(0.0, timeout_s - ran.total_seconds())


def _process_of(world: World, run: Doc) -> Process | None:
    if not run["pid"]:
        return None
    return Process(Identity(run["pid"], run["started"]), run["id"], run_folder(world, run["id"]) / "exit_code")


def _prepare(data_dir: Path, bucket: Path, job: Doc) -> Doc:
    """A run's folder with the working directory in it. Slow, and so kept out of the event loop."""
    run_id = new_id("jobrun")
    folder = data_dir / "runs" / run_id
    folder.mkdir(parents=True)
    (folder / "output.log").touch()
    runtime_env = job["config"].get("runtime_env") or {}
    run: Doc = {"id": run_id, "name": job["id"], "error": None, "cwd": None, "modules": []}
    try:
        run["cwd"] = str(place(runtime_env.get("working_dir"), bucket, folder / "working_dir"))
        for number, uri in enumerate(runtime_env.get("py_modules") or []):
            target = folder / f"py_module_{number}"
            unpack(package_at(uri, bucket, folder), target)
            run["modules"].append(str(single_folder(target)))  # as Ray does with a package that has one top folder
    except Exception as problem:
        run["error"] = f"The working directory could not be set up: {problem}"
        (folder / "output.log").write_text(run["error"] + "\n")
    return run


def _new_run(job: Doc, run: Doc) -> Doc:
    return {
        **run,
        "ha_job_id": job["id"],
        "run_name": job["name"],
        "status": "RUNNING",
        "created_at": now(),
        "finished_at": None,
        "cluster_id": "ses_" + run["id"].removeprefix("jobrun_"),
        "pid": None,
        "started": None,
    }


def _spawn(world: World, job: Doc, run: Doc) -> Process:
    folder = run_folder(world, run["id"])
    runtime_env = job["config"].get("runtime_env") or {}
    path = os.pathsep.join(run["modules"])
    env = {
        **base_environment(world.settings, run["id"]),
        **({"PYTHONPATH": path} if path else {}),
        "ANYSCALE_HA_JOB_ID": job["id"],
        **text_values(runtime_env.get("env_vars") or {}),
    }
    return processes.start(
        ["/bin/bash", "-c", job["config"].get("entrypoint") or "true"],
        cwd=Path(run["cwd"]),
        env=env,
        log=folder / "output.log",
        exit_file=folder / "exit_code",
        mark=run["id"],
    )
