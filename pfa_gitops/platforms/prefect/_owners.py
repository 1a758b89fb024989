"""Whose a deployment is, as labels on it. Pure.

Prefect writes labels only when it makes an object. Its runs get them too.
"""

from collections.abc import Mapping
from typing import Any

from pfa_gitops.model.values import Owner

_PROJECT, _ENVIRONMENT = "pfa-gitops.project", "pfa-gitops.environment"


def labels_of(owner: Owner | None) -> dict[str, str]:
    """The labels that tell the owner."""
    return {} if owner is None else {_PROJECT: owner.project, _ENVIRONMENT: owner.environment}


def owner_in(labels: Mapping[str, Any] | None) -> Owner | None:
    """The owner that labels tell."""
    found = labels or {}
    return Owner(str(found[_PROJECT]), str(found[_ENVIRONMENT])) if {_PROJECT, _ENVIRONMENT} <= found.keys() else None
