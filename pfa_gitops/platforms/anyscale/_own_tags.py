"""Tags on a service that tell people whose it is, and of what commit and in which CI run it was deployed last. Pure."""

from collections.abc import Mapping

from pfa_gitops.model.history import Source
from pfa_gitops.model.values import Owner

OWN = "pfa-gitops."
"""Begins their names, which no manifest may use."""


def own_tags(owner: Owner | None, source: Source | None) -> dict[str, str]:
    """What is known of a deploy. Tags are only added, so what is not known is said, too."""
    if owner is None or source is None:
        return {}
    commit = f"{source.commit}{'-dirty' if source.dirty else ''}" if source.commit else "unknown"
    told = {"project": owner.project, "environment": owner.environment, "commit": commit, "run": source.url or "none"}
    return {f"{OWN}{name}": value for name, value in told.items()}


def without_own(tags: Mapping[str, str]) -> dict[str, str]:
    """The tags that may be a manifest's."""
    return {name: value for name, value in tags.items() if not name.startswith(OWN)}
