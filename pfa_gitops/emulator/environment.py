"""The environment that jobs and services start from: the emulator's own, without what would leak or mislead."""

import os
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from pfa_gitops.emulator.world import Settings

# A job that found an API key here would work by accident: Anyscale's own clusters have none of ours.
_DROPPED = {"PREFECT_API_KEY", "PREFECT_API_AUTH_STRING", "ANYSCALE_CLI_TOKEN", "RAY_ADDRESS", "PYTHONPATH"}
_CLUSTER_TOKEN = "aph0_inside-the-cluster"  # noqa: S105 - any well-formed token is good when none was set


def base_environment(settings: Settings, unit_id: str) -> dict[str, str]:
    """Variables for one job run or service version.

    ``python`` is the emulator's own interpreter. ``RAY_TMPDIR`` is the unit's own, so that two Ray instances on this
    machine never find each other.
    """
    kept = {name: value for name, value in os.environ.items() if name not in _DROPPED}
    return {
        **kept,
        "PATH": str(Path(sys.executable).parent) + os.pathsep + kept.get("PATH", os.defpath),
        "ANYSCALE_HOST": settings.url,
        "ANYSCALE_CLI_TOKEN": settings.token or _CLUSTER_TOKEN,
        "RAY_TMPDIR": str(ray_folder(unit_id)),
        "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_AUTH_MODE": "disabled",  # it listens on this machine only, and would write a token into the home folder
        "PYTHONUNBUFFERED": "1",
    }


def ray_folder(unit_id: str) -> Path:
    """Where a unit's Ray keeps its sockets: short, as a socket's path may have 107 characters."""
    return Path(tempfile.gettempdir()) / f"emu-{unit_id[-8:]}"


def text_values(values: Mapping[str, object]) -> dict[str, str]:
    """Environment variables as text."""
    return {name: str(value) for name, value in values.items()}
