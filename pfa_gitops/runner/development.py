"""Development mode: a worker and its jobs run the package in the agent's working directory, with no image to build.

The package is installed into a folder of its own, which goes in front of the Python path. No environment that others
use is changed. The jobs get that folder as a Python module of theirs.
"""

import importlib.util
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from pfa_gitops.model.errors import ReaderError
from pfa_gitops.runner.infra import AnyscaleJobInfra, Infra

CODE = "PFA_GITOPS_DEVELOPMENT_CODE"
"""The worker's variable that names the folder with the installed package."""
_PACKAGE = "pfa_gitops"
_BUILD_BACKEND = "hatchling"
_LINES_TOLD = 5


def install(source: Path, target: Path, say: Callable[[str], None]) -> None:
    """Install the package in `source` into the folder `target`. Slow: it builds. Raises ReaderError.

    Without its dependencies, which are the image's or the agent's `requirements`.
    """
    if not (source / "pyproject.toml").is_file():
        raise ReaderError("the agent's working directory holds no pyproject.toml", _MEND)
    done = subprocess.run(_command(source, target), capture_output=True, text=True, check=False)  # noqa: S603 - pip
    if done.returncode:
        last = "; ".join((done.stderr or done.stdout).strip().splitlines()[-_LINES_TOLD:])
        raise ReaderError(f"pip cannot install the agent's working directory: {last}", _MEND)
    if not (target / _PACKAGE).is_dir():
        raise ReaderError(f"the package in the agent's working directory has no module {_PACKAGE}", _MEND)
    say(f"development: the worker and its jobs run the package that was installed from {source}")


def environment(of_worker: Mapping[str, str], target: Path) -> dict[str, str]:
    """Return the worker's environment with the installed package before all others."""
    path = os.pathsep.join(part for part in (str(target), of_worker.get("PYTHONPATH")) if part)
    # Safe path: `python -m` would put the working directory first, where the package lies too, without being installed.
    return {**of_worker, "PYTHONPATH": path, "PYTHONSAFEPATH": "1", CODE: str(target)}


def with_code(infra: Infra, of_worker: Mapping[str, str]) -> Infra:
    """Return what a job runs on, with the package of a worker in development mode among its Python modules.

    Anyscale puts a directory's contents on the Python path; Ray's job API takes the directory as the module itself.
    """
    if not (folder := of_worker.get(CODE)):
        return infra
    module = folder if isinstance(infra, AnyscaleJobInfra) else str(Path(folder, _PACKAGE))
    return infra.model_copy(update={"py_modules": [module, *(infra.py_modules or [])]})


_MEND = "development mode takes a checkout of pfa-gitops, or of a fork, as working_dir"


def _command(source: Path, target: Path) -> list[str]:
    """Without isolation where the build backend is there: isolation downloads it."""
    isolated = importlib.util.find_spec(_BUILD_BACKEND) is None
    return [
        *(sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"),
        *("--no-deps", "--no-compile", "--target", str(target)),
        *([] if isolated else ["--no-build-isolation"]),
        str(source),
    ]
