"""The emulator as a process of its own, for every kind of test."""

import importlib
import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
import warnings
from pathlib import Path
from typing import Any

import pytest

TOKEN = "aph0_test-token"
PATIENCE_S = 120  # for what takes a second; a machine that runs everything at once takes many times that


class AnyscaleEmulator:
    """``python -m pfa_gitops.emulator`` on a free port, restartable on the same port and data."""

    def __init__(self, data_dir: Path, *options: str) -> None:
        self.data_dir = data_dir
        self.options = options
        self.url = ""
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> "AnyscaleEmulator":
        port = self.url.rpartition(":")[2] or "0"
        command = [sys.executable, "-m", "pfa_gitops.emulator", "--data-dir", str(self.data_dir)]
        with (self.data_dir.parent / "emulator.log").open("a") as log:
            self._process = subprocess.Popen(
                [*command, "--port", port, "--grace", "3", *self.options],
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        self.url = self._first_line().removeprefix("listening on ").strip()
        return self

    def _first_line(self) -> str:
        assert self._process is not None
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line.startswith("listening on "), (self.data_dir.parent / "emulator.log").read_text()
        return line

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def env(self) -> dict[str, str]:
        """What a client process needs to talk to this emulator, on top of its own environment."""
        return {
            "ANYSCALE_HOST": self.url,
            "ANYSCALE_CLI_TOKEN": TOKEN,
            "ANYSCALE_TELEMETRY_SAMPLE_RATE": "0",
            "ANYSCALE_SUPPRESS_UPGRADE_WARNING": "1",
            "NO_PROXY": "127.0.0.1,localhost",
        }

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Send a signal and wait for the end; the exit code."""
        assert self._process is not None
        if self._process.poll() is None:
            self._process.send_signal(number)
        code = self._process.wait(timeout=PATIENCE_S)
        assert self._process.stdout is not None
        self._process.stdout.close()
        return code

    def kill(self) -> None:
        """End it as a power cut would; what it started lives on."""
        self.stop(signal.SIGKILL)

    def restart(self) -> None:
        """Stop it cleanly and start it on the same data and port."""
        self.stop()
        self.start()

    def call(self, method: str, path: str, body: Any = None, cookie: str = f"cli_token={TOKEN}") -> Any:
        """A request with the test's token; the decoded answer, None for an empty one."""
        request = urllib.request.Request(
            self.url + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Cookie": cookie, "Content-Type": "application/json"},
        )
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=PATIENCE_S) as answer:
            content = answer.read()
        return json.loads(content) if content else None

    def fault(self, action: str, **values: Any) -> None:
        """Set a fault rule: see `pfa_gitops.emulator.faults`."""
        self.call("POST", "/_emulator/faults", {"action": action, **values})

    def clear_faults(self) -> None:
        self.call("DELETE", "/_emulator/faults")

    def requests(self) -> list[tuple[str, str]]:
        """Method and path of what was asked since `forget_requests`."""
        return [(item["method"], item["path"]) for item in self.call("GET", "/_emulator/requests")]

    def forget_requests(self) -> None:
        self.call("DELETE", "/_emulator/requests")

    def job(self, job_id: str) -> dict[str, Any]:
        """A job as the emulator keeps it, with ``transitions`` and ``runs``."""
        return dict(self.call("GET", f"/_emulator/jobs/{job_id}"))

    def service(self, service_id: str) -> dict[str, Any]:
        """A service as the emulator keeps it, with its versions."""
        return dict(self.call("GET", f"/_emulator/services/{service_id}"))


def eventually(what: Any, timeout_s: float = PATIENCE_S, pause_s: float = 0.1) -> Any:
    """Call until the answer is true; the answer. Fails with the last one."""
    deadline = time.monotonic() + timeout_s
    while not (answer := what()):
        assert time.monotonic() < deadline, f"still {answer!r} after {timeout_s} s"
        time.sleep(pause_s)
    return answer


def client_environment(emulator: AnyscaleEmulator) -> dict[str, str]:
    """The whole environment of a client subprocess."""
    return {**os.environ, **emulator.env}


def import_sdk(emulator: AnyscaleEmulator) -> Any:
    """The real SDK, bound to this emulator for the rest of the process.

    It reads its host when it is imported and its token at the first call, and keeps both. Where a test before this
    one had it imported for an emulator of its own, it is imported anew.
    """
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # importing it warns about deprecations of its own
        for name, value in emulator.env.items():
            patch.setenv(name, value)
        anyscale = importlib.import_module("anyscale")
        if emulator.url != anyscale.shared_anyscale_utils.conf.ANYSCALE_HOST:
            for name in [name for name in sys.modules if name.partition(".")[0] == "anyscale"]:
                del sys.modules[name]
            anyscale = importlib.import_module("anyscale")
        anyscale.cloud.get_default()
    return anyscale
