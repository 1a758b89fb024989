"""Creates what there is to be once. Whoever looks first finds what a create made whose answer was lost."""

from collections.abc import Callable
from typing import Any

from pfa_gitops.model.errors import MaybeArrived

CREATE_TRIES = 3


def create_once(look: Callable[[], Any], create: Callable[[], Any]) -> tuple[Any, bool]:
    """What `look` finds, or what `create` makes where that is None; whether it was found.

    Looks again before it creates a second time. Raises MaybeArrived in the end.
    """
    for attempt in range(1, CREATE_TRIES + 1):
        if (found := look()) is not None:
            return found, True
        try:
            return create(), False
        except MaybeArrived:
            if attempt == CREATE_TRIES:
                raise
    raise AssertionError("the loop ends by a return or an error")
