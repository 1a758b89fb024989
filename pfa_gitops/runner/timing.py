"""How often the worker looks, and how long it waits before it acts. Read from its environment once."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields


def _setting(variable: str, default: float, least: float) -> float:
    return field(default=default, metadata={"variable": f"PFA_GITOPS_{variable}_SECONDS", "least": least})


@dataclass(frozen=True)
class Timing:
    """All in seconds."""

    tick_s: float = _setting("JOB_POLL", 5.0, 0.1)
    """Between two looks at all runs and jobs."""
    cancel_grace_s: float = _setting("CANCEL_GRACE", 30.0, 0.0)
    """How long a flow may take to notice that it is cancelled, before its job is ended."""
    orphan_grace_s: float = _setting("ORPHAN_GRACE", 60.0, 0.0)
    """How long a job may go on after its run has ended."""
    claim_s: float = _setting("CLAIM", 30.0, 1.0)
    """A claim that did not change for so long is nobody's any more."""
    drain_s: float = _setting("DRAIN", 10.0, 0.0)
    """How long a worker that is told to end goes on with the submits that are under way."""

    @classmethod
    def read(cls, environment: Mapping[str, str], complain: Callable[[str], None]) -> "Timing":
        """What the environment says. What cannot be used is told now, not once a job runs; the default holds then."""
        values: dict[str, float] = {}
        for known in fields(cls):
            variable, least = known.metadata["variable"], known.metadata["least"]
            if not (text := environment.get(variable, "")):
                continue
            value = _number(text)
            if least <= value < math.inf:
                values[known.name] = value
            else:
                complain(f"{variable} is no number of seconds from {least:g} on; {known.default:g} is used")
        return cls(**values)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan
