"""The composition root: puts files, environment, platforms and engine together. The only reader of the environment.

`projects` reads what commands begin with, `workspace_secrets` knows its secrets, `targets` opens clients, `connection`
is what commands then ask and write through. Commands that ask a platform import `connection` themselves; the others
are spared the engine.
"""

import os
from typing import Any

from pfa_gitops.manifests.schema import schemas as kind_schemas
from pfa_gitops.manifests.validate import Kinds
from pfa_gitops.platforms.registry import kinds
from pfa_gitops.views.plan_schema import PLAN_SCHEMA
from pfa_gitops.wiring.projects import manifest_files, repository, workspace, workspace_to_fill

__all__ = [
    "colour_wanted",
    "known_kinds",
    "manifest_files",
    "repository",
    "schemas",
    "workspace",
    "workspace_to_fill",
]


def schemas() -> dict[str, Any]:
    """Return the JSON Schema of every kind, of the project, the override and the plan, by name."""
    return kind_schemas(kinds()) | {"plan": PLAN_SCHEMA}


def colour_wanted(stream: Any) -> bool:
    """Colour only on a terminal, and never where NO_COLOR is set."""
    return bool(stream.isatty()) and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def known_kinds() -> Kinds:
    """Every kind by name, for commands that ask no platform."""
    return kinds()
