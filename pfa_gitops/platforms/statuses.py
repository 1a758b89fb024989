"""What an HTTP status means among our errors, the same for both platforms. Pure."""

from collections.abc import Mapping

from pfa_gitops.model.errors import Conflict, Invalid, NotFound, PlatformError, Unauthorized, Unavailable

SERVER_ERROR = 500
"""From here on the server failed; below it refused."""
RETRIED = frozenset({408, 429, 500, 502, 503, 504})
"""After these another try may go well."""
_MEANING: Mapping[int, type[PlatformError]] = {
    401: Unauthorized,
    403: Unauthorized,
    404: NotFound,
    408: Unavailable,
    409: Conflict,
    423: Conflict,
    429: Unavailable,
}


def meaning(status: int) -> type[PlatformError]:
    """The error that an answer with this status means."""
    return _MEANING.get(status) or (Unavailable if status >= SERVER_ERROR else Invalid)
