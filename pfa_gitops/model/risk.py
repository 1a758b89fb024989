"""What a change may do harm by, as a reviewer wants to know it. Pure."""

from enum import StrEnum


class Risk(StrEnum):
    """A class of changes. The most severe come first, and a change may be of several."""

    EXPOSES_SECRET = "exposes_secret"  # noqa: S105 - a word, no password
    """Text stands in clear where a secret stood, or under a name that says it is one."""
    DESTROYS = "destroys"
    """An object is deleted, or made anew."""
    LOOSENS_PROTECTION = "loosens_protection"
    """What held something back holds it back less: `protect`, a limit, a check."""
    DROPS_RUNS = "drops_runs"
    """Flow runs that were to happen do not."""
    RESTARTS_AGENT = "restarts_agent"
    """An agent, or another service, is rolled out anew."""
    SAFE = "safe"
    """None of these."""


def by_severity(risks: set[Risk]) -> tuple[Risk, ...]:
    """The same, the most severe first."""
    return tuple(risk for risk in Risk if risk in risks)
