"""What httpx refuses when a client is made: it reads the proxy variables then, and no request was sent yet."""

from collections.abc import Iterator
from contextlib import contextmanager

from pfa_gitops.model.errors import ReaderError

VARIABLES = "HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY"


@contextmanager
def usable_proxies() -> Iterator[None]:
    """Make a client in it. Raises ReaderError, which quotes no variable: a proxy's URL may hold its password."""
    import httpx  # noqa: PLC0415 - costs 0.3 s, and whoever makes a client has loaded it

    try:
        yield
    except ImportError:
        mend = "use an http proxy, or install what httpx needs: pip install 'httpx[socks]'"
        raise ReaderError("the proxy variables name a SOCKS proxy, for which a package is missing", mend) from None
    except (ValueError, httpx.InvalidURL):
        mend = f"check {VARIABLES}; a proxy is written as http://host:port"
        raise ReaderError("the proxy variables cannot be read", mend) from None
