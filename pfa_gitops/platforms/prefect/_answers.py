"""Turns what a Prefect server answers into our errors, and what goes out into JSON. Pure.

Texts carry the server's own detail, never a request's body: for a 422 Prefect sends the whole body back.
"""

import json
import ssl
from collections.abc import Iterable, Mapping
from typing import Any

from pfa_gitops.model.errors import (
    PlatformError,
    Unreachable,
)
from pfa_gitops.model.secrets import REDACTED, Sealed
from pfa_gitops.platforms.causes import causes, why
from pfa_gitops.platforms.statuses import meaning

MENDS = {
    401: "check PREFECT_API_KEY or PREFECT_API_AUTH_STRING, which go only to the server of PREFECT_API_URL",
    403: "check PREFECT_API_KEY or PREFECT_API_AUTH_STRING, and what they may do",
    405: "check PREFECT_API_URL; it usually ends with /api",
}
_LONGEST_DETAIL = 500
_SHORTEST_LINE = 6
"""A shorter line of a secret, e.g. `{`, is no secret by itself, and stands in many texts."""


def encode(body: Any, revealed: set[str]) -> bytes:
    """Write a body as JSON. Sealed values are revealed here and nowhere before; they are added to `revealed`."""

    def reveal(value: object) -> Any:
        if isinstance(value, Sealed):
            revealed.update(parts(value.reveal()))
            return value.reveal()
        raise TypeError(f"{type(value).__name__} is no JSON")

    return json.dumps(body, default=reveal, allow_nan=False).encode()


def parts(secret: str) -> set[str]:
    """What may not show of a secret: the whole, and each line of one that has several, e.g. a private key."""
    return {secret, *(line.strip() for line in secret.splitlines() if len(line.strip()) >= _SHORTEST_LINE)}


def error_of(request: str, status: int, text: str, secrets: Iterable[str]) -> PlatformError:
    """The error that an answer means. `request` is its method and path; `secrets` are cut out of the text."""
    detail = _detail(text, secrets)
    return meaning(status)(f"Prefect answered {status} to {request}{detail and f': {detail}'}", MENDS.get(status, ""))


def scrub(text: str, secrets: Iterable[str]) -> str:
    """Cut secrets out of a text. The longest goes first, as one may be a part of another."""
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        text = text.replace(secret, REDACTED)
    return text


def _detail(text: str, secrets: Iterable[str]) -> str:
    """What the server says of itself, in one line: a text, or the fields it does not take.

    Secrets are cut out first: in a text that was joined or cut off they could not be found any more.
    """
    try:
        document = json.loads(text)
    except ValueError:
        return ""  # a proxy's page in HTML says nothing that helps
    if not isinstance(document, Mapping):
        return ""
    detail = document.get("detail") or document.get("exception_detail") or document.get("exception_message") or ""
    items = [_flaw(item) for item in detail] if isinstance(detail, list) else [[str(detail)]]
    line = "; ".join(": ".join(scrub(part, secrets) for part in item) for item in items)
    return " ".join(line.split())[:_LONGEST_DETAIL]


def _flaw(item: Any) -> list[str]:
    """One flaw of a request: its field and the message, without the input."""
    if not isinstance(item, Mapping):
        return [str(item)]
    place = ".".join(str(part) for part in item.get("loc", ()) if part != "body")
    return [part for part in (place, str(item.get("msg", ""))) if part]


def unreachable(url: str, error: BaseException) -> Unreachable:
    """The error for a server that gives no answer, told by the type of the cause."""
    behind = causes(error)
    mend = "start the server, or correct PREFECT_API_URL"
    failed = next((cause for cause in behind if isinstance(cause, ssl.SSLError)), None)
    if failed is not None:
        reason = getattr(failed, "verify_message", "") or failed.reason or "the handshake failed"
        return Unreachable(
            f"no TLS connection to Prefect at {url}: {reason}",
            "check PREFECT_API_URL, PREFECT_API_SSL_CERT_FILE and PREFECT_API_TLS_INSECURE_SKIP_VERIFY",
        )
    if any(isinstance(cause, TimeoutError) for cause in behind):
        return Unreachable(f"Prefect at {url} did not answer in time", "check the server and PREFECT_API_URL")
    return Unreachable(f"nothing answers at the Prefect URL {url}: {why(error)}", mend)
