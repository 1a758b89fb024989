"""The flow's folder reaches every node of its job's Ray cluster. Imports no Ray: Ray calls the hook.

`pfa_gitops.runner.execute` names the hook in the job's environment. Ray calls it in the flow's process when the flow
connects to its cluster. By then Prefect has fetched the code and changed into its folder: a new one of the run's own,
or the one that a pull step has chosen.
"""

import importlib
import logging
import os
import tempfile
from collections.abc import Mapping, MutableMapping
from pathlib import Path
from typing import Any

HOOK_ENV = "RAY_RUNTIME_ENV_HOOK"
"""Ray's variable: the function that may change a runtime environment, as MODULE.NAME."""
NEXT_HOOK_ENV = "PFA_GITOPS_NEXT_RUNTIME_ENV_HOOK"
"""The hook that stood in Ray's variable before ours, which ours calls."""
HOOK = "pfa_gitops.runner.runtime_env.send_working_dir"

# What newer versions of Ray leave out by themselves, and the local stack's data.
_EXCLUDES = (".git", ".venv", "venv", "__pycache__", ".pfa-gitops")
_OWN_EXCLUDES_ENV = "RAY_OVERRIDE_RUNTIME_ENV_DEFAULT_EXCLUDES"
# Ray refuses a working directory beside them: the code is in the image then.
_IMAGES = ("image_uri", "container")
_log = logging.getLogger(__name__)


def install_hook(environment: MutableMapping[str, str]) -> None:
    """Name our hook in a job's environment; the one that is named there comes after it. An empty name asks for none."""
    named = environment.setdefault(HOOK_ENV, HOOK)
    if not named:
        del environment[HOOK_ENV]  # Ray would try to import it
    elif named != HOOK:
        environment.update({HOOK_ENV: HOOK, NEXT_HOOK_ENV: named})


def send_working_dir(runtime_env: Mapping[str, Any] | None) -> dict[str, Any]:
    """Ray's hook: the current folder becomes the working directory, unless the flow or the job has named one.

    The hook that was there before gets the result. So the platform sees what it would see if the flow itself had named
    the folder, and has the last word on how the folder travels.
    """
    given = dict(runtime_env or {})
    if not given.get("working_dir") and not any(map(given.get, _IMAGES)):
        given |= _current_folder(given.get("excludes") or [])
    following = os.environ.get(NEXT_HOOK_ENV)
    return _load(following)(given) if following else given


def _is_work_folder(folder: Path) -> bool:
    """Whether a folder may hold a flow's code and little else: not /, the home or temporary folder, or one above."""
    places = [Path(os.environ.get("HOME") or "/").resolve(), Path(tempfile.gettempdir()).resolve()]
    return not any(folder == place or folder in place.parents for place in (*places, Path("/")))


def _current_folder(excludes: list[str]) -> dict[str, Any]:
    folder = Path.cwd().resolve()
    if not _is_work_folder(folder):
        _log.warning("%s is not sent to the cluster's other nodes: it holds more than the flow's code.", folder)
        return {}
    return {"working_dir": str(folder), "excludes": [*_default_excludes(), *excludes]}


def _default_excludes() -> list[str]:
    chosen = os.environ.get(_OWN_EXCLUDES_ENV)
    return [*_EXCLUDES] if chosen is None else [part.strip() for part in chosen.split(",") if part.strip()]


def _load(name: str) -> Any:
    """The function of that dotted name. Ray reads its own variable in the same way."""
    module, _, function = name.rpartition(".")
    return getattr(importlib.import_module(module), function)
