"""Declarative GitOps for Prefect 3 on Anyscale.

For flows: `from pfa_gitops import AnyscaleJob, RayJob, anyscale_job`. They are imported when they are asked for, since
Prefect takes seconds and no command needs it.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pfa_gitops.runner.blocks import AnyscaleJob, RayJob
    from pfa_gitops.runner.bound_flow import anyscale_job

__all__ = ["AnyscaleJob", "RayJob", "anyscale_job"]

_PLACES = {
    "AnyscaleJob": "pfa_gitops.runner.blocks",
    "RayJob": "pfa_gitops.runner.blocks",
    "anyscale_job": "pfa_gitops.runner.bound_flow",
}


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_PLACES[name]), name)
