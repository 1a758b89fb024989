"""What the SDK raises, as errors of `model.errors`: by HTTP status where there is one, else by type, never by text.

The SDK hides the status of a 4xx behind `ValueError(detail)` and of a failed look-up behind `RuntimeError`; the real
answer still hangs on `__cause__` or `__context__`.
"""

from collections.abc import Iterator
from typing import Any

from pfa_gitops.model.errors import (
    Conflict,
    Invalid,
    MaybeArrived,
    NotFound,
    PfaError,
    PlatformError,
    Unauthorized,
    Unavailable,
    Unreachable,
)
from pfa_gitops.platforms.anyscale._target import AnyscaleTarget
from pfa_gitops.platforms.statuses import SERVER_ERROR, meaning

_NOT_EXECUTED = 503
"""The server says that it did nothing, so that even a write did not arrive."""
_MENDS: dict[type[PlatformError], str] = {
    Unauthorized: "check ANYSCALE_CLI_TOKEN and what its owner may do",
    Unavailable: "try again later",
    Unreachable: "check ANYSCALE_HOST and the network",
    MaybeArrived: "look whether it is there before sending it again",
}


def translate(error: Exception, target: AnyscaleTarget, *, write: bool) -> PfaError:
    """Return what `error` means. `write`: the call may have changed something. Our own errors pass."""
    if isinstance(error, PfaError):
        return error
    kind = _by_status(error, write=write) or _by_type(error, write=write)
    if kind is Unreachable:
        return Unreachable(f"Anyscale at {target.host} cannot be reached", _MENDS[kind])
    text = _detail(error).replace(target.token.reveal(), "(token)")
    return kind(f"Anyscale at {target.host}: {text}", _MENDS.get(kind, ""))


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def status_of(error: BaseException) -> int | None:
    """The HTTP status behind an exception of the SDK; None where no answer came."""
    import requests  # noqa: PLC0415 - comes with the SDK, and is slow

    for link in _chain(error):
        if isinstance(link, _answers()):
            return int(link.status) or None
        if isinstance(link, requests.HTTPError) and link.response is not None:
            return int(link.response.status_code)
    return None


def _answers() -> tuple[type[Any], ...]:
    """The two classes of answers that are errors: each of the SDK's two clients raises its own."""
    from anyscale.client.openapi_client.rest import ApiException as Internal  # noqa: PLC0415 - slow, as above
    from anyscale.sdk.anyscale_client.rest import ApiException as External  # noqa: PLC0415 - the same

    return Internal, External


def _by_status(error: Exception, *, write: bool) -> type[PlatformError] | None:
    status = status_of(error)
    if status is None:
        return None
    lost = write and status >= SERVER_ERROR and status != _NOT_EXECUTED
    return MaybeArrived if lost else meaning(status)


def _by_type(error: Exception, *, write: bool) -> type[PlatformError]:
    import anyscale.errors  # noqa: PLC0415 - slow, as above
    import click  # noqa: PLC0415 - the SDK's way to refuse credentials

    lost = _lost(error)
    if lost is not None:
        return MaybeArrived if write and lost is Unavailable else lost
    for types, kind in (
        (anyscale.errors.AuthError, Unauthorized),
        (anyscale.errors.InfraError, Unreachable),
        (anyscale.errors.ResourceNotFoundError, NotFound),
        (anyscale.errors.NameConflictError, Conflict),
        (anyscale.errors.AnyscaleError, PlatformError),
        (click.ClickException, Unauthorized),  # a plain one is only ever about the credentials
        ((ValueError, TypeError), Invalid),
        (TimeoutError, Unavailable),
    ):
        if isinstance(error, types):
            return kind
    return PlatformError


def _lost(error: Exception) -> type[PlatformError] | None:
    """Whether the connection failed: before anything was sent (Unreachable), or on the way (Unavailable)."""
    import requests  # noqa: PLC0415 - as above
    import urllib3.exceptions as http  # noqa: PLC0415 - the same

    chain = [*_chain(error)]
    chain += [reason for link in chain if isinstance(reason := getattr(link, "reason", None), BaseException)]
    if any(isinstance(link, http.NewConnectionError | http.ConnectTimeoutError | http.SSLError) for link in chain):
        return Unreachable
    if any(isinstance(link, http.HTTPError | requests.ConnectionError | requests.Timeout) for link in chain):
        return Unavailable
    # An answer without a status is a broken TLS connection (rest.py of the generated clients).
    return Unreachable if any(isinstance(link, _answers()) for link in chain) else None


def _detail(error: Exception) -> str:
    """What the error says, on one line and short: some carry the whole answer with its headers."""
    for link in _chain(error):
        if isinstance(link, _answers()) and not isinstance(error, ValueError):
            return f"{link.status} {link.reason}"
    return _line(str(error) or type(error).__name__)


def _line(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}…"


_LONGEST = 500
