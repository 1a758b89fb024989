"""How long ago something is, for people. Pure."""

from pfa_gitops.model.status import Moment

UNITS = ((86400.0, "d"), (3600.0, "h"), (60.0, "min"), (0.0, "s"))
_SWITCH_AT = 2
"""From how many of a unit on it is used: 90 s say more than 1 min."""


def age(moment: Moment) -> str:
    """How long ago it is, in the unit that says most, e.g. `12 s` or `3 h`."""
    for seconds, unit in UNITS:
        if moment.age_seconds >= seconds * _SWITCH_AT:
            return f"{moment.age_seconds // (seconds or 1):.0f} {unit}"
    raise AssertionError("an age is never below 0")
