"""The servers that are timed against: a local stack, and Prefect on PostgreSQL."""

import json
import os
import pwd
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import which

from benchmarks.measure import run

STARTS_S = 180
POSTGRES_HOMES = "/usr/lib/postgresql"
"""Where Debian keeps the programs that it does not put on the path."""


@contextmanager
def stack(folder: Path) -> Iterator[dict[str, str]]:
    """A local stack on free ports; what a client's environment needs for it."""
    run(["pfa-gitops", "local", "up", "--prefect-port", "0", "--anyscale-port", "0"], folder)
    try:
        told = run(["pfa-gitops", "local", "env", "--format", "json"], folder).output
        yield dict(json.loads(told)["variables"])
    finally:
        run(["pfa-gitops", "local", "down", "--delete-data"], folder)


@contextmanager
def prefect_on_postgres(folder: Path) -> Iterator[dict[str, str]]:
    """Prefect's own server, as shipped, on a PostgreSQL of its own."""
    with _postgres() as database:
        port = _free_port()
        own = {
            "PREFECT_HOME": str(folder / "server"),
            "PREFECT_API_DATABASE_CONNECTION_URL": database,
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
            "PREFECT_SERVER_UI_ENABLED": "false",
        }
        kept = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
        command = [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port)]
        with (folder / "prefect.log").open("wb") as log:
            process = subprocess.Popen(command, env={**kept, **own}, stdout=log, stderr=log)
        try:
            url = f"http://127.0.0.1:{port}/api"
            _wait_for(f"{url}/health", process, folder / "prefect.log")
            yield {"PREFECT_API_URL": url}
        finally:
            process.terminate()
            process.wait()


@contextmanager
def _postgres() -> Iterator[str]:
    """A cluster in a folder of its own; its URL. PostgreSQL refuses to be root, and runs as `postgres` then."""
    with tempfile.TemporaryDirectory() as name:
        folder, port = Path(name), _free_port()
        user = "postgres" if os.geteuid() == 0 else None
        if user:
            folder.chmod(0o755)
            (folder / "data").mkdir(mode=0o700)
            os.chown(folder / "data", pwd.getpwnam(user).pw_uid, -1)
        subprocess.run(
            [_program("initdb"), "-D", folder / "data", "-U", "bench", "-A", "trust"],
            user=user, cwd=folder, check=True, capture_output=True,
        )  # fmt: skip
        options = ["-h", "127.0.0.1", "-p", str(port), "-k", "", "-c", "max_connections=200"]
        process = subprocess.Popen(
            [_program("postgres"), "-D", folder / "data", *options],
            user=user, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            _wait_until_open(port)
            yield f"postgresql+asyncpg://bench@127.0.0.1:{port}/postgres"
        finally:
            process.terminate()
            process.wait()


def has_postgres() -> bool:
    """Whether PostgreSQL is installed."""
    return bool(_found("postgres"))


def has_terraform() -> bool:
    """Whether Terraform is installed."""
    return bool(which("terraform"))


def _program(name: str) -> str:
    found = _found(name)
    return found if found else sys.exit(f"{name} is not installed")


def _found(name: str) -> str | None:
    own = sorted(Path(POSTGRES_HOMES).glob(f"*/bin/{name}"))
    return which(name) or (str(own[-1]) if own else None)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until_open(port: int) -> None:
    end = time.monotonic() + STARTS_S
    while time.monotonic() < end:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    sys.exit(f"nothing answers on port {port} after {STARTS_S} s")


def _wait_for(url: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    end = time.monotonic() + STARTS_S
    while time.monotonic() < end and process.poll() is None:
        try:
            urllib.request.urlopen(url, timeout=5).close()
            return
        except (OSError, urllib.error.URLError):
            time.sleep(0.2)
    sys.exit(f"the server did not start:\n{log.read_text()[-2000:]}")
