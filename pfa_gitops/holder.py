"""Who runs this command, as others read it in a lock: the person, the machine, the CI run, the process."""

import getpass
import os
import socket
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from pfa_gitops.model.holder import Holder
from pfa_gitops.processes.identity import Identity, alive, start_time

_CI_PAGES = ("CI_JOB_URL", "BUILD_URL", "CIRCLE_BUILD_URL")
_CI_USERS = ("GITHUB_ACTOR", "GITLAB_USER_LOGIN", "BUILD_USER_ID")


def this_process(environ: Mapping[str, str], command: str) -> Holder:
    """This process, from now on."""
    who = next((environ[name] for name in _CI_USERS if environ.get(name)), None) or _user()
    since = datetime.now(UTC).isoformat(timespec="seconds")
    started = start_time(os.getpid())
    process = f"{os.getpid()} {_process_ids()} {started}" if started else ""
    return Holder(who, socket.gethostname(), since, command, _ci_page(environ), process)


def is_dead(holder: Holder) -> bool:
    """Whether the holder was a process of this machine that has ended. False where nobody can tell from here."""
    pid, _, rest = holder.process.partition(" ")
    ids, _, started = rest.partition(" ")
    if not started or ids != _process_ids() or holder.host != socket.gethostname():
        return False
    return not alive(Identity(int(pid), started))


def _process_ids() -> str:
    """What numbers the processes here: containers of one machine each count their own."""
    try:
        return str(Path("/proc/self/ns/pid").readlink())
    except OSError:
        return "-"


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container whose user has no name
        return str(os.getuid())


def _ci_page(environ: Mapping[str, str]) -> str:
    if environ.get("GITHUB_RUN_ID"):
        parts = (environ.get(name, "") for name in ("GITHUB_SERVER_URL", "GITHUB_REPOSITORY"))
        return f"{'/'.join(parts)}/actions/runs/{environ['GITHUB_RUN_ID']}"
    return next((environ[name] for name in _CI_PAGES if environ.get(name)), "")
