"""Installs pfa-gitops for the action, into an environment of its own: `python install.py`, before anything is there.

Only the standard library. Without a version it is the action's own: what its commit has, with tested dependencies.
"""

import os
import re
import subprocess
import sys
import venv
from collections.abc import Mapping
from pathlib import Path

INSTALLED = "installed"
"""The version that says: use the one that this Python has."""
_VERSION = re.compile(r"[0-9][0-9A-Za-z.!+_-]*")


def main(environ: Mapping[str, str]) -> int:
    """Install, and hand the path of the environment's Python to the next steps; the exit code."""
    version = environ.get("PFA_VERSION", "").strip()
    if version not in {"", INSTALLED} and not _VERSION.fullmatch(version):
        return _fail(f"the input version is no version; write e.g. 1.2.0 or {INSTALLED}")
    python = Path(sys.executable) if version == INSTALLED else _made(environ, version)
    if python is None:
        return _fail("pip could not install pfa-gitops: see the lines above")
    with Path(environ["GITHUB_OUTPUT"]).open("a", encoding="utf-8") as outputs:
        outputs.write(f"python={python}\n")
    return 0


def _fail(message: str) -> int:
    print(f"::error title=pfa-gitops::{message}")  # noqa: T201 - the runner reads it
    return 1


def _made(environ: Mapping[str, str], version: str) -> Path | None:
    """The Python of an environment with that version; one of an earlier step of the same job is taken again."""
    action = Path(environ["GITHUB_ACTION_PATH"]).resolve()
    folder = Path(environ["RUNNER_TEMP"]).resolve() / "pfa-gitops" / f"venv-{version or action.name}"
    python, ready = folder / "bin" / "python", folder / ".ready"
    if not ready.exists():
        venv.create(folder, with_pip=True)
        own = ["--constraint", str(action / "constraints.txt"), str(action)]
        # bytecode is made of the few modules that a command imports, not of 500 MB
        pip = [str(python), "-I", "-m", "pip", "install", "--quiet", "--no-compile", "--disable-pip-version-check"]
        wanted = [f"pfa-gitops=={version}"] if version else own
        if subprocess.run([*pip, *wanted], cwd=folder, check=False).returncode:  # noqa: S603 - the version is checked
            return None
        ready.touch()
    return python


if __name__ == "__main__":
    sys.exit(main(os.environ))
