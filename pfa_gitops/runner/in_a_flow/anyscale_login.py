"""The process's connection to Anyscale for the jobs that its flows trigger: one for each host and place."""

import os
from pathlib import Path

from pfa_gitops.platforms.anyscale._sdk import Sdk
from pfa_gitops.platforms.anyscale._target import AnyscaleTarget

_OPEN: dict[AnyscaleTarget, Sdk] = {}


def sdk_of_process() -> Sdk:
    """As the environment says now. Raises ReaderError when no Anyscale credentials are set."""
    place = os.environ.get("ANYSCALE_CLOUD"), os.environ.get("ANYSCALE_PROJECT")
    target = AnyscaleTarget.from_environment(os.environ, Path.home(), *place)
    return _OPEN.setdefault(target, Sdk(target))
