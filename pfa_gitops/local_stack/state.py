"""What a local stack's folder remembers: which two processes were started, where they listen, and the token."""

import fcntl
import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from pfa_gitops.model.errors import ReaderError
from pfa_gitops.processes.identity import Identity

PREFECT, EMULATOR = "prefect", "emulator"


@dataclass(frozen=True)
class Server:
    """One of the two servers. `process` is None until it was started."""

    name: str
    port: int
    process: Identity | None = None


@dataclass(frozen=True)
class Stack:
    """A stack that was started, and perhaps died since."""

    prefect: Server
    emulator: Server
    token: str
    """The only Anyscale token that the emulator takes."""

    @property
    def servers(self) -> tuple[Server, Server]:
        """Both, in the order in which they start."""
        return self.emulator, self.prefect

    def with_server(self, server: Server) -> "Stack":
        """The same stack with another state of one server."""
        return replace(self, prefect=server) if server.name == PREFECT else replace(self, emulator=server)


@dataclass(frozen=True)
class Home:
    """The folder of one stack. `root` is absolute."""

    root: Path

    @property
    def state_file(self) -> Path:
        """Where the running processes are written down."""
        return self.root / "stack.json"

    @property
    def token_file(self) -> Path:
        """Where the emulator's token is kept."""
        return self.root / "token"

    @property
    def lock_file(self) -> Path:
        """What `up` and `down` hold."""
        return self.root / ".lock"

    @property
    def job_home(self) -> Path:
        """The PREFECT_HOME of the jobs and services in the emulator."""
        return self.root / "job-prefect-home"

    @property
    def folders(self) -> tuple[Path, ...]:
        """All folders that are ours."""
        return self.folder(PREFECT), self.folder(EMULATOR), self.job_home

    @property
    def files(self) -> tuple[Path, ...]:
        """All files that are ours."""
        return self.log(PREFECT), self.log(EMULATOR), self.state_file, self.token_file, self.lock_file

    def folder(self, name: str) -> Path:
        """Where a server keeps its data."""
        return self.root / name

    def log(self, name: str) -> Path:
        """Where a server's output goes."""
        return self.root / f"{name}.log"


def read(home: Home) -> Stack | None:
    """The stack that was started here, or None. A broken file is the reader's to remove."""
    try:
        content = json.loads(home.state_file.read_text())
        return Stack(_server(PREFECT, content[PREFECT]), _server(EMULATOR, content[EMULATOR]), str(content["token"]))
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError):
        raise ReaderError(
            f"{home.state_file} cannot be read as the state of a local stack",
            "end the two servers by hand, then remove the file",
        ) from None


def write(home: Home, stack: Stack) -> None:
    """Replace the state in one step, so that a kill leaves the former or the new one. Only we may read the token."""
    part = home.state_file.with_suffix(".part")
    part.unlink(missing_ok=True)
    content = {"token": stack.token, **{server.name: asdict(server) for server in stack.servers}}
    part.touch(mode=0o600)
    part.write_text(json.dumps(content, indent=2))
    part.replace(home.state_file)


def token(home: Home) -> str:
    """The emulator's token, made once: a shell that took it from `local env` keeps its access after a restart."""
    if home.token_file.is_file() and (kept := home.token_file.read_text().strip()):
        return kept
    made = f"aph0_{secrets.token_urlsafe(32)}"
    home.token_file.touch(mode=0o600)
    home.token_file.write_text(made)
    return made


def forget(home: Home) -> None:
    """Remove the state: nothing runs here."""
    home.state_file.unlink(missing_ok=True)


@contextmanager
def usable(folder: Path, flag: str) -> Iterator[None]:
    """Turn what the system refuses in a folder into a ReaderError that names the flag to choose another with."""
    try:
        yield
    except BrokenPipeError:
        raise  # nobody reads on; that is no folder's fault
    except OSError as problem:
        where = problem.filename or folder
        raise ReaderError(
            f"{where} cannot be used: {(problem.strerror or str(problem)).lower()}",
            f"give a folder that can be made and written to, with {flag}",
        ) from None


@contextmanager
def locked(home: Home) -> Iterator[None]:
    """Let one `up` or `down` at a time work on a folder. Raises ReaderError when another one does."""
    home.root.mkdir(mode=0o700, parents=True, exist_ok=True)  # the emulator's data is as good as its token
    with home.lock_file.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise ReaderError(
                f"another command is starting or stopping the stack in {home.root}", "wait until it is done"
            ) from None
        yield


def _server(name: str, content: dict[str, object]) -> Server:
    process = content["process"]
    match process:
        case [int(pid), str(started)]:
            return Server(name, int(str(content["port"])), Identity(pid, started))
        case _:
            return Server(name, int(str(content["port"])))
