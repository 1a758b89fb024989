"""When an object was made, and by whom, as Anyscale tells it. Pure.

A compute config and a service have versions: what made the newest one was the last change.
"""

from pfa_gitops.model.values import Touch
from pfa_gitops.platforms.anyscale._answers import Made


def made(answer: Made) -> Touch | None:
    """None where it is not told. A new version of a compute config counts as made by who made the version."""
    if answer.created_at is None:
        return None
    by = answer.creator
    return Touch(answer.created_at, (by.email or by.name) if by else None)
