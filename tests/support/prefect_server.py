"""Real Prefect servers for tests: SQLite, a free port, a Prefect home of their own. They run as the local stack's does.

Migrating a fresh database takes 11 s of a start's 19; a copy of a migrated one takes none. What is left is the import
of Prefect's server.
"""

import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

START_S = 240  # 8 on an idle machine; a machine that runs everything at once needs many times that
STOP_S = 15
TRIGGERS = "PREFECT_SERVER_SERVICES_TRIGGERS_ENABLED"
ANSWER_S = 120  # a refused writer waits up to 60 s in Prefect, before SQLite gives it up


@dataclass
class PrefectServer:
    """A running server. `url` ends in /api."""

    url: str
    home: Path
    process: subprocess.Popen[bytes]
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        """What a child process needs to find this server, and to find nothing of this machine's user."""
        return {
            "PREFECT_API_URL": self.url,
            "PREFECT_HOME": str(self.home / "client"),
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
            "PREFECT_CLI_PROMPT": "false",
            "DO_NOT_TRACK": "1",
        }

    def get(self, path: str) -> Any:
        return self.send("GET", path)

    def post(self, path: str, body: Any = None) -> Any:
        return self.send("POST", path, {} if body is None else body)

    def patch(self, path: str, body: Any) -> Any:
        return self.send("PATCH", path, body)

    def delete(self, path: str) -> Any:
        return self.send("DELETE", path)

    def send(self, method: str, path: str, body: Any = None) -> Any:
        """Send one request; SQLite's 503s are tried again."""
        content = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json", **self.headers}
        for attempt in range(20):
            request = urllib.request.Request(self.url + path, content, headers, method=method)
            try:
                with urllib.request.urlopen(request, timeout=ANSWER_S) as answer:
                    text = answer.read()
                return json.loads(text) if text else None
            except urllib.error.HTTPError as error:
                if error.code != 503:
                    raise AssertionError(f"{method} {path}: {error.code} {error.read().decode()[:500]}") from None
                time.sleep(0.02 * (attempt + 1))
        raise AssertionError(f"{method} {path}: 503 after all tries")


@contextmanager
def run_prefect_server(
    home: Path, template: Path | None = None, settings: Mapping[str, str] | None = None, *, as_shipped: bool = False
) -> Iterator[PrefectServer]:
    """Start a server in `home`, and stop it at the end.

    No automation fires, unless `settings` say so by TRIGGERS: one whose trigger names no event is fired by what its own
    action emits, for ever, and takes all that a core has.

    `template` is where a migrated database is kept between starts; it is made by the first. `settings` are more
    variables for the server, e.g. PREFECT_SERVER_API_AUTH_STRING. `as_shipped` starts Prefect's own command, which
    answers parallel writers with 503.
    """
    home.mkdir(parents=True, exist_ok=True)
    database = home / "prefect.db"
    if template is not None and template.exists():
        _copy(template, database)
    port = _free_port()
    url = f"http://127.0.0.1:{port}/api"
    with (home / "server.log").open("wb") as log:
        process = subprocess.Popen(
            _command(port, as_shipped), env=_server_environment(home, url, settings or {}), stdout=log, stderr=log
        )
    try:
        _wait_until_healthy(url, process, home / "server.log")
        if template is not None and not template.exists():
            _keep(database, template)
        yield PrefectServer(url, home, process)
    finally:
        _stop(process)


def template_path(directory: Path) -> Path:
    """Where the migrated database of the installed Prefect is kept."""
    return directory / f"prefect-{version('prefect')}.db"


def _command(port: int, as_shipped: bool) -> list[str]:
    module = ["prefect", "server", "start"] if as_shipped else ["pfa_gitops.local_stack.prefect_server"]
    return [sys.executable, "-m", *module, "--host", "127.0.0.1", "--port", str(port)]


def _server_environment(home: Path, url: str, settings: Mapping[str, str]) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
    return inherited | {
        "PREFECT_HOME": str(home),
        "PREFECT_API_URL": url,
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_SERVER_UI_ENABLED": "false",
        "PREFECT_SERVER_SERVICES_SCHEDULER_RECENT_DEPLOYMENTS_LOOP_SECONDS": "1",
        TRIGGERS: "false",
        "DO_NOT_TRACK": "1",
        **settings,
    }


def _free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until_healthy(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + START_S
    while time.monotonic() < end:
        if process.poll() is not None:
            raise AssertionError(f"the Prefect server ended with {process.returncode}:\n{log.read_text()[-3000:]}")
        try:
            urllib.request.urlopen(f"{url}/health", timeout=5).close()
            return
        except OSError:
            time.sleep(0.1)
    raise AssertionError(f"the Prefect server did not start in {START_S} s:\n{log.read_text()[-3000:]}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _keep(database: Path, template: Path) -> None:
    """Copy the migrated database; two test runs at once may both do it, so that the last step is a rename."""
    template.parent.mkdir(parents=True, exist_ok=True)
    draft = template.with_suffix(f".{os.getpid()}")
    _copy(database, draft)
    draft.rename(template)


def _copy(source: Path, target: Path) -> None:
    with closing(sqlite3.connect(source)) as reading, closing(sqlite3.connect(target)) as writing:
        reading.backup(writing)
