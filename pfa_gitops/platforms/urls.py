"""What can be told of a URL by looking at it. Pure."""

from urllib.parse import SplitResult, urlsplit


def parts_of(url: str) -> SplitResult | None:
    """The parts of a URL, or None where it cannot be read, e.g. for an open bracket."""
    try:
        return urlsplit(url)
    except ValueError:
        return None


PORTS = {"http": 80, "https": 443}


def server_of(url: str) -> tuple[str, str | None, int | None]:
    """Scheme, host and port of an http or https address: what tells one server from another."""
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or PORTS.get(parts.scheme)


def is_http(url: str) -> bool:
    """Whether it is an http or https address with a host."""
    parts = parts_of(url)
    if parts is None or parts.scheme not in {"http", "https"} or not url.isprintable():
        return False
    try:
        return bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is no number
        return False
