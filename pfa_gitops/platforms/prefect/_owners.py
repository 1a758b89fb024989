"""Whose a deployment is, as labels on it. Pure.

Prefect writes labels only when it makes an object. Its runs get them too.
"""

from collections.abc import Mapping
from typing import Any

from pfa_gitops.model.history import Source
from pfa_gitops.model.values import Owner

_PROJECT, _ENVIRONMENT = "pfa-gitops.project", "pfa-gitops.environment"
_COMMIT, _RUN = "pfa-gitops.made-of-commit", "pfa-gitops.made-by-run"
"""No write changes labels: they tell of the deployment's making, and not of its last change."""


def labels_of(owner: Owner | None, source: Source | None = None) -> dict[str, str]:
    """The labels that tell the owner, and of what commit and in which CI run the deployment was made."""
    owned = {} if owner is None else {_PROJECT: owner.project, _ENVIRONMENT: owner.environment}
    made = {} if source is None else {_COMMIT: source.commit, _RUN: source.url}
    return owned | {name: value for name, value in made.items() if value}


def owner_in(labels: Mapping[str, Any] | None) -> Owner | None:
    """The owner that labels tell."""
    found = labels or {}
    return Owner(str(found[_PROJECT]), str(found[_ENVIRONMENT])) if {_PROJECT, _ENVIRONMENT} <= found.keys() else None
