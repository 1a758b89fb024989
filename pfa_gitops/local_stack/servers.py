"""How the two servers are started and how they show that they answer: commands, environments, health checks."""

import http.client
import os
import sys
from importlib.util import find_spec
from pathlib import Path

from pfa_gitops.local_stack.ports import HOST
from pfa_gitops.local_stack.state import EMULATOR, PREFECT, Home
from pfa_gitops.model.errors import ReaderError

MARK = "PFA_GITOPS_LOCAL_STACK"
"""In the environment of both servers, and of every job and service under the emulator: the folder of their stack."""
_NEEDED = ("aiosqlite", "prefect_ray", "ray", "starlette", "uvicorn")
_ANSWERS = 200


def require_extra() -> None:
    """Raise ReaderError when what `pip install "pfa-gitops[local]"` brings is not there."""
    if missing := [name for name in _NEEDED if find_spec(name) is None]:
        raise ReaderError(
            f"the local stack needs {', '.join(missing)}, which {'is' if len(missing) == 1 else 'are'} not installed",
            'run pip install "pfa-gitops[local]"',
        )


def command(name: str, home: Home, port: int) -> list[str]:
    """The command line of a server."""
    if name == PREFECT:
        arguments = ["pfa_gitops.local_stack.prefect_server", "--host", HOST, "--port", str(port)]
    else:
        arguments = ["pfa_gitops.emulator", "--data-dir", str(home.folder(EMULATOR)), "--port", str(port)]
    return [sys.executable, "-m", *arguments]


def environment(name: str, home: Home, port: int, token: str) -> dict[str, str]:
    """The environment of a server: ours, without what would point it, or a job, at another Prefect or Anyscale."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("PREFECT_", "ANYSCALE_"))}
    ours = {"DO_NOT_TRACK": "1", "PREFECT_SERVER_ANALYTICS_ENABLED": "false", "PYTHONUNBUFFERED": "1"}
    ours[MARK] = str(home.root)
    return kept | ours | (_prefect(home, port) if name == PREFECT else _emulator(home, token))


def _prefect(home: Home, port: int) -> dict[str, str]:
    folder = home.folder(PREFECT)
    return {
        "PREFECT_HOME": str(folder),
        "PREFECT_API_DATABASE_CONNECTION_URL": f"sqlite+aiosqlite:///{folder / 'prefect.db'}",
        "PREFECT_SERVER_UI_ENABLED": "true",
        "PREFECT_UI_API_URL": f"http://{HOST}:{port}/api",
        # The server copies its web pages there; the default is in its package, which may not be ours to write to.
        "PREFECT_UI_STATIC_DIRECTORY": str(folder / "ui"),
    }


def _emulator(home: Home, token: str) -> dict[str, str]:
    # Jobs inherit it: without a home of their own they would read the profiles of the person at the keyboard.
    # The token comes this way, as everybody on the machine can see a command line.
    return {"PREFECT_HOME": str(home.job_home), "ANYSCALE_EMULATOR_TOKEN": token}


def answers(name: str, port: int, token: str) -> bool:
    """Whether a server takes requests. Goes past any proxy."""
    path = "/api/health" if name == PREFECT else "/api/v2/userinfo/"
    connection = http.client.HTTPConnection(HOST, port, timeout=2)
    try:
        connection.request("GET", path, headers={"Cookie": f"cli_token={token}"})
        return connection.getresponse().status == _ANSWERS
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def last_lines(log: Path, count: int = 15) -> str:
    """The end of a log, indented; empty when there is none."""
    try:
        lines = log.read_text(errors="replace").rstrip().splitlines()[-count:]
    except OSError:
        return ""
    return "\n".join(f"    {line}" for line in lines)
