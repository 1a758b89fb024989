"""The worker of an agent: installed where that is asked for, started, waited for, checked, and ended. Knows no Ray.

Ready is a worker that has written its status file, which it does once Prefect and Anyscale have answered. Alive is one
whose status file is young.
"""

import asyncio
import dataclasses
import math
import shutil
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from pfa_gitops.model.errors import ReaderError
from pfa_gitops.runner import development, refused_key, worker_status
from pfa_gitops.runner.agent_arguments import AgentArguments
from pfa_gitops.runner.worker_process import Patience, WorkerDown, WorkerProcess

READY_SECONDS = "PFA_GITOPS_AGENT_READY_SECONDS"
SILENT_SECONDS = "PFA_GITOPS_AGENT_SILENT_SECONDS"
SHUTDOWN_SECONDS = 30.0
"""What Serve leaves a replica to end. A worker drains for 10 s, and is killed after Patience.grace_s, 15 s."""
_REFUSALS_AT_START = 3
_LOOK_S = 0.2


@dataclasses.dataclass(frozen=True)
class Limits:
    """How long a worker may take."""

    ready_s: float = 180.0
    """From its start to its first tick. Importing Prefect and the Anyscale SDK takes 10 s on a small machine."""
    silent_s: float = 300.0
    """From one tick to the next. While Prefect is down its client waits up to 32 s between two tries and the worker's
    loop backs off to a minute: a worker that is silent for two minutes may be quite well, and another would do no
    better. Prefect's own health check waits as long."""

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> "Limits":
        """The limits that a service's environment sets, else the defaults. Raises ReaderError."""
        return cls(
            _seconds(environment, READY_SECONDS, cls.ready_s), _seconds(environment, SILENT_SECONDS, cls.silent_s)
        )


class KeptWorker:
    """One worker, from `start` to `stop`."""

    def __init__(
        self,
        arguments: AgentArguments,
        service: Mapping[str, str],
        say: Callable[[str], None],
        patience: Patience | None = None,
    ) -> None:
        self._arguments, self._service, self._say = arguments, service, say
        self._limits = Limits.of(service)
        self._folder = Path(tempfile.mkdtemp(prefix="pfa-gitops-agent-"))
        self._status = self._folder / "worker.json"
        excused = {refused_key.EXIT_CODE: refused_key.MEANING}
        patience = dataclasses.replace(patience or Patience(), excused=excused)
        self._process = WorkerProcess(arguments.command(), self._environment, say, patience)

    async def start(self) -> None:
        """Start the worker and wait until it polls. Raises WorkerDown or ReaderError, and leaves nothing running."""
        try:
            if self._arguments.development:
                await asyncio.to_thread(development.install, Path.cwd(), self._code, self._say)
            self._process.start()
            await self._wait_until_ready()
        except BaseException:
            await asyncio.to_thread(self.stop)
            raise

    def check(self) -> None:
        """Raise WorkerDown when the worker cannot be kept alive, or has not polled for too long."""
        self._process.check()
        age_s = worker_status.age_s(self._status)
        if age_s is None or age_s > self._limits.silent_s:
            since = "yet" if age_s is None else f"for {age_s:.0f} s"
            raise WorkerDown(f"the worker has not polled {since}{self._because()}")

    def told(self) -> dict[str, Any]:
        """How the worker is, as JSON: its process, and what it said last."""
        said = worker_status.read(self._status)
        known = {"ticks": None, "jobs": None, "last_poll": None} if said is None else dataclasses.asdict(said)
        return {"ready": said is not None, **known, **dataclasses.asdict(self._process.status())}

    def stop(self) -> None:
        """End the worker: SIGTERM, time to drain, SIGKILL. Safe to call twice."""
        self._process.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def _code(self) -> Path:
        return self._folder / "code"

    def _environment(self) -> dict[str, str]:
        """The worker's environment, with all secrets fetched now: a key that was rotated is found at the next start."""
        environment = self._arguments.environment(self._service)
        environment[worker_status.VARIABLE] = str(self._status)
        return development.environment(environment, self._code) if self._arguments.development else environment

    async def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + self._limits.ready_s
        while worker_status.read(self._status) is None:
            self._process.check()
            if self._process.status().excused >= _REFUSALS_AT_START:
                raise WorkerDown(f"the worker cannot start{self._because()}")
            if time.monotonic() > deadline:
                raise WorkerDown(f"the worker does not poll after {self._limits.ready_s:g} s{self._because()}")
            await asyncio.sleep(_LOOK_S)

    def _because(self) -> str:
        status = self._process.status()
        return f": {status.problem}{self._key_words() if status.excused else ''}" if status.problem else ""

    def _key_words(self) -> str:
        """Where the key comes from, never the key."""
        prefect = self._arguments.prefect
        places = [str(reference) for reference in (prefect.api_key, prefect.auth_string) if reference is not None]
        return f"; they come {' and '.join(places)}, which is read again at each try" if places else ""


def _seconds(environment: Mapping[str, str], name: str, default: float) -> float:
    text = environment.get(name, "")
    try:
        seconds = float(text or default)
    except ValueError:
        seconds = math.nan
    if not 0 < seconds < math.inf:
        raise ReaderError(f"{name} is no number of seconds above 0", "correct it in the agent's env, or leave it out")
    return seconds
