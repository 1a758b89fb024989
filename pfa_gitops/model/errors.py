"""What can be wrong, and who can mend it. Problems are collected; exceptions stop. Pure.

    PfaError
    ├── ReaderError            exit 1: the reader can fix it
    │   ├── ProblemsFound        a list of Problems in manifests, flags or configuration
    │   ├── NotConfigured        no server, or no login there
    │   ├── SecretMissing        a secret reference leads nowhere
    │   ├── Locked               somebody else holds the lock
    │   └── LockLost             the lock is somebody else's by now
    └── PlatformError          exit 4: Prefect or Anyscale refused or could not be reached
        ├── Unreachable          no answer: nothing listens, time-out, TLS
        ├── Unauthorized         401 or 403
        ├── NotFound             404
        ├── Conflict             409 or 423
        ├── Invalid              400 or 422: the platform does not take the value
        ├── Unavailable          408, 429 or 5xx, after all the retries
        ├── MaybeArrived         a write was sent and its answer was lost: look before sending it again
        │   └── CutOff             it may still be on its way: look, and never send it again
        └── FailedTogether       several platforms failed at the same time

Exit 5, an incomplete apply, is no exception: every outcome is a value. Exit 3 is kept for saved plans.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from pfa_gitops.model.places import Address, Origin


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong: what, where, and how to mend it."""

    message: str
    mend: str = ""
    """One line, or nothing where the message says it all."""
    origin: Origin | None = None
    address: Address | None = None
    withheld: bool = field(default=False, compare=False)
    """Nothing need be wrong: whoever asked has no secret, no login or no server, and somebody else may."""


class PfaError(Exception):
    """The root. `mend` says in one line what the reader can do."""

    exit_code = 1
    withheld = False
    """See `Problem.withheld`."""

    def __init__(self, message: str, mend: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.mend = mend

    def problem(self, address: Address | None = None, origin: Origin | None = None) -> Problem:
        """This error as a Problem of one object."""
        return Problem(self.message, self.mend, origin, address, self.withheld)

    @property
    def problems(self) -> tuple[Problem, ...]:
        """All that it tells, each by itself."""
        return (self.problem(),)


class ReaderError(PfaError):
    """The reader can fix it: manifests, flags, configuration."""


class ProblemsFound(ReaderError):
    """Several problems, found together."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("; ".join(problem.message for problem in problems))
        self._problems = tuple(problems)

    @property
    def problems(self) -> tuple[Problem, ...]:
        """All that was found."""
        return self._problems


class NotConfigured(ReaderError):
    """It is not set where a platform is, or the login there."""

    withheld = True


class SecretMissing(ReaderError):
    """A secret reference leads nowhere. The message names the reference, never a value."""

    withheld = True

    def __init__(self, message: str, mend: str = "", *, refused: bool = False) -> None:
        super().__init__(message, mend)
        self.refused = refused
        """It may be there: whoever asked from here was not let to it."""


class Locked(ReaderError):
    """Somebody else holds the lock."""


class LockLost(ReaderError):
    """The lock was taken, as it was not renewed for too long, or by `unlock`. Nothing may be written any more."""


class PlatformError(PfaError):
    """Prefect or Anyscale refused or could not be reached."""

    exit_code = 4


class Unreachable(PlatformError):
    """No answer."""


class Unauthorized(PlatformError):
    """The credentials were refused."""

    withheld = True


class NotFound(PlatformError):
    """The object is not there."""


class Conflict(PlatformError):
    """The platform's state does not allow it now."""


class Invalid(PlatformError):
    """The platform does not take the value."""


class Unavailable(PlatformError):
    """The platform failed, or pushed back, and went on doing so."""


class MaybeArrived(PlatformError):
    """A write was sent and its answer was lost."""


class CutOff(MaybeArrived):
    """A write was given up on when its time was over. Its thread may still go on, and the write still arrive."""


class FailedTogether(PlatformError):
    """Several platforms failed at the same time."""

    def __init__(self, failures: Sequence[PfaError]) -> None:
        super().__init__("; ".join(failure.message for failure in failures))
        self._failures = tuple(failures)
        self.exit_code = max(failure.exit_code for failure in failures)

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What each of them tells."""
        return tuple(problem for failure in self._failures for problem in failure.problems)
