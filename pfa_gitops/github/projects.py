"""The projects of a checkout, whose each is, and its environments, also where a file is wrong. Reads only."""

import os
from collections.abc import Iterator
from pathlib import Path

from pfa_gitops.manifests.as_written import as_written
from pfa_gitops.manifests.load import PROJECT_FILE
from pfa_gitops.manifests.project import DEFAULT_ENVIRONMENT
from pfa_gitops.model.values import Owner

NOT_LOOKED_INTO = frozenset({"node_modules", "__pycache__"})


def owner(directory: Path, environment: str | None) -> Owner:
    """The project's name and the environment, as far as they can be read. Never raises for what a file holds."""
    found = as_written(directory)
    named = found.environments if found else {}
    default = next((name for name, block in named.items() if isinstance(block, dict) and block.get("default")), None)
    name = found.name if found else None
    return Owner(name or directory.resolve().name, environment or default or next(iter(named), DEFAULT_ENVIRONMENT))


def environments(directory: Path) -> list[str] | None:
    """The environments that a project declares, in their order; None where its file cannot be read."""
    found = as_written(directory)
    return None if found is None else list(found.environments) or [DEFAULT_ENVIRONMENT]


def checkout(place: Path) -> Path | None:
    """The folder of the repository that `place` is in, which has a `.git`; None where it is in none."""
    return next((one for one in (place, *place.absolute().parents) if (one / ".git").exists()), None)


def projects(root: Path) -> Iterator[str]:
    """The folders below `root` that have a project's file, relative to it; hidden folders are not looked into."""
    for place, folders, files in os.walk(root):
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name not in NOT_LOOKED_INTO)
        if PROJECT_FILE in files:
            yield str(Path(place).relative_to(root))
