"""A real Ray cluster of one or more nodes on this machine, by `ray start`. Each test module has its own."""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from support.anyscale_emulator import PATIENCE_S, eventually

RAY = str(Path(sys.executable).parent / "ray")
QUIET = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_AUTH_MODE": "disabled"}
"""It tells nobody that it runs, and listens to this machine only, without a token in the home folder."""


_PATIENT = {"RAY_health_check_timeout_ms": "60000", "RAY_agent_register_timeout_ms": "300000"}
"""A node that is slow, on a machine that runs everything at once, is not dead. With it the whole cluster would end."""


class RayCluster:
    """A cluster whose files lie in one short folder: a socket's path may have 107 characters."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.address = f"127.0.0.1:{free_port()}"
        """For RAY_ADDRESS."""
        self.dashboard = f"http://127.0.0.1:{free_port()}"
        """Where Ray's job API is."""
        self._nodes: list[subprocess.Popen[bytes]] = []

    def start_head(self, *options: str) -> None:
        ports = ["--port", _port_of(self.address), "--dashboard-port", _port_of(self.dashboard)]
        own = ["--head", "--include-dashboard=true", f"--temp-dir={self.folder}", *ports, "--num-cpus=2"]
        if not self._starts(*own, *options):
            self.kill()  # a head that dies leaves its GCS behind for a while
            assert self._starts(*own, *options), self.end_of_logs()

    def add_node(self, resources: Mapping[str, int]) -> None:
        """One more node, which has what the head lacks."""
        own = ["--address", self.address, "--num-cpus=1", "--resources", json.dumps(dict(resources))]
        assert self._starts(*own) or self._starts(*own), self.end_of_logs()

    def _starts(self, *options: str) -> bool:
        """Start a node. False where it died: Ray gives its agents 15 s to start, and no setting for more."""
        programs = f"{Path(RAY).parent}{os.pathsep}{os.environ['PATH']}"
        path = self.folder / f"node-{len(self._nodes)}.log"
        agent = f"--dashboard-agent-listen-port={free_port()}"
        with path.open("wb") as log:
            node = subprocess.Popen(
                [RAY, "start", "--block", "--object-store-memory=100000000", *options, agent],
                env={**os.environ, **QUIET, **_PATIENT, "PATH": programs},
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._nodes.append(node)
        eventually(lambda: node.poll() is not None or "Ray runtime started" in path.read_text(), 300, 0.5)
        return node.poll() is None

    def end_of_logs(self) -> str:
        """For a test's failure: whether the nodes live, and what they said last."""
        logs = [(self.folder / f"node-{number}.log").read_text()[-1000:] for number in range(len(self._nodes))]
        return "\n".join([str([node.poll() for node in self._nodes]), *logs])

    def kill(self) -> None:
        """Ray's own way to end takes half a minute. Each of its processes has the folder on its command line."""
        for pid in {*_processes_of(self.folder), *(node.pid for node in self._nodes if node.poll() is None)}:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        for node in self._nodes:
            node.wait(PATIENCE_S)


@contextmanager
def ray_cluster(*options: str) -> Iterator[RayCluster]:
    """A cluster with its head node. `options` are more of `ray start`'s."""
    with tempfile.TemporaryDirectory(prefix="r-", ignore_cleanup_errors=True) as folder:
        cluster = RayCluster(Path(folder))
        try:
            cluster.start_head(*options)
            yield cluster
        finally:
            cluster.kill()


def free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _port_of(address: str) -> str:
    return address.rpartition(":")[2]


def _processes_of(folder: Path) -> list[int]:
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            if str(folder).encode() in path.read_bytes():
                found.append(int(path.parent.name))
    return found
