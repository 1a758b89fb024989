"""What Prefect takes as a name. Pure.

Source: prefect/types/names.py of 3.8.8. A name that the server would refuse is told before anything is written.
"""

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from pfa_gitops.model.errors import Problem
from pfa_gitops.model.places import Path
from pfa_gitops.model.values import Manifest

_BANNED = "/%&><"


def check_name(manifest: Manifest[Any], name: str, path: Path = ("name",)) -> Iterator[Problem]:
    """The rule for work pools, queues, deployments, flows and limits."""
    if not name.strip() or any(character in _BANNED for character in name):
        yield manifest.problem(
            path,
            f"Prefect does not take the name {name!r}",
            f"leave out {' '.join(_BANNED)}" if name.strip() else "give a name",
        )


def check_block_name(manifest: Manifest[Any], name: str) -> Iterator[Problem]:
    """The rule for block documents."""
    if not re.fullmatch("[a-z0-9-]+", name):
        yield manifest.problem(
            ("name",), f"Prefect does not take the block name {name!r}", "use lowercase letters, digits and dashes only"
        )


def in_path(name: str) -> str:
    """A name as one part of a URL's path."""
    return quote(name, safe="")
