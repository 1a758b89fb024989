"""The only way to the Anyscale SDK, and lazy: `import anyscale` takes 4 to 6 seconds.

Whoever needs one of its types imports that inside a call.
The SDK is synchronous, has no time-out and raises whatever its layers raise. Here each call runs in a thread, ends in
time, and fails with an error of `model.errors`, chosen by type or HTTP status, never by text.
"""

import asyncio
import contextlib
import functools
import os
import threading
import warnings
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, TypeVar

from pfa_gitops.model.errors import CutOff, Unavailable
from pfa_gitops.platforms.anyscale._sdk_errors import translate
from pfa_gitops.platforms.anyscale._target import AnyscaleTarget

if TYPE_CHECKING:
    import anyscale

T = TypeVar("T")

TIMEOUT_S = 120.0
"""How long one call may take, all its requests together. A working directory's upload is one of them."""
REQUEST_TIMEOUT_S = 60
"""How long one request may wait for the server, the login's too, so that a thread given up on ends as well. The SDK
takes whole seconds."""

IMPORTING = threading.Lock()
"""One thread at a time imports Ray, or the SDK, which imports Ray: two that do get modules that are not complete."""
_OPENING = threading.Lock()
"""One thread at a time logs in."""


class Sdk:
    """One connection to Anyscale through its SDK. Safe to use from several tasks."""

    def __init__(self, target: AnyscaleTarget, timeout_s: float = TIMEOUT_S) -> None:
        self.target = target
        self._timeout_s = timeout_s
        self._opened: anyscale.Anyscale | None = None

    async def call(
        self, do: "Callable[[anyscale.Anyscale], T]", *, write: bool = False, timeout_s: float | None = None
    ) -> T:
        """Run `do` with the SDK in a thread and return what it returns.

        Raises CutOff when a `write` took too long, Unavailable when a read did, else what `translate` makes of it.
        """
        limit = self._timeout_s if timeout_s is None else timeout_s
        try:
            async with asyncio.timeout(limit):
                return await in_thread(lambda: do(self._open()))
        except TimeoutError:
            message = f"Anyscale at {self.target.host} gave no answer in {limit:g} s"
            if write:
                raise CutOff(message, "look whether it arrived before sending it again") from None
            raise Unavailable(message, "try again later") from None
        except Exception as error:
            raise translate(error, self.target, write=write) from None

    def call_here(self, do: "Callable[[anyscale.Anyscale], T]") -> T:
        """Run a read, or a write that may arrive twice, in the caller's own thread.

        For a process that is ending, where no thread starts any more. Raises what `translate` makes of a failure.
        """
        try:
            return do(self._open())
        except Exception as error:
            raise translate(error, self.target, write=False) from None

    def _open(self) -> "anyscale.Anyscale":
        """Import the SDK and log in, once. A refused login is tried again by the next call."""
        # The SDK warns of what its own code does, with libraries' names for a place. Nobody here can mend that.
        warnings.filterwarnings("ignore", module="anyscale|openapi_client|pathspec")
        with _OPENING:
            if self._opened is None:
                with IMPORTING, _host_in_environment(self.target.host):
                    import anyscale  # noqa: PLC0415 - see the top of the file

                _limit_requests()
                opened = anyscale.Anyscale(auth_token=self.target.token.reveal(), _host=self.target.host)
                _prepare(opened)
                self._opened = opened
            return self._opened


@contextlib.contextmanager
def _host_in_environment(host: str) -> Iterator[None]:
    """Name the host for the time of an import, in which the SDK reads it into a constant.

    What we call gets the host passed in, but the test for Azure and the links in its messages read the constant.
    """
    before = os.environ.get("ANYSCALE_HOST")
    os.environ["ANYSCALE_HOST"] = host
    try:
        yield
    finally:
        if before is None:
            del os.environ["ANYSCALE_HOST"]
        else:
            os.environ["ANYSCALE_HOST"] = before


async def in_thread(do: Callable[[], T]) -> T:
    """Run `do` in a daemon thread. The loop's own pool would run full of hung calls, and wait for them at the end."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()

    def settle(set_it: Callable[[Any], None], value: Any) -> None:
        if not future.done():
            set_it(value)

    def run() -> None:
        try:
            outcome: tuple[Callable[[Any], None], Any] = (future.set_result, do())
        except Exception as error:
            outcome = (future.set_exception, error)
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(settle, *outcome)

    threading.Thread(target=run, name="vendor-call", daemon=True).start()
    return await future


def _prepare(opened: "anyscale.Anyscale") -> None:
    """Silence the SDK's own logger, which prints to standard error, and have it send each write once."""
    for part in _parts(opened, set()):
        if type(part).__name__ == "BlockLogger":
            part.log_output = False
        elif type(part).__name__ == "RESTClientObject":
            _send_writes_once(part.pool_manager)


def _limit_requests() -> None:
    """Give every request of the process a time-out. On the classes, as making a connection logs in by itself."""
    from anyscale.client.openapi_client import api_client as internal  # noqa: PLC0415 - see the top of the file
    from anyscale.sdk.anyscale_client import api_client as external  # noqa: PLC0415 - the same

    for module in (internal, external):
        client = module.rest.RESTClientObject  # rest.py is loaded twice, by two names; this one is in use
        if not hasattr(client.request, "__wrapped__"):
            client.request = _with_timeout(client.request)


def _with_timeout(request: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(request)
    def limited(*arguments: Any, **options: Any) -> Any:
        return request(
            *arguments, **{**options, "_request_timeout": options.get("_request_timeout") or REQUEST_TIMEOUT_S}
        )

    return limited


def _send_writes_once(pool: Any) -> None:
    """Keep urllib3 from sending a PUT or DELETE again that the server may have read: a deploy would start twice.

    What was refused with a Retry-After, and what never left, is still tried again.
    """
    from urllib3 import Retry  # noqa: PLC0415 - comes with the SDK

    policy = pool.connection_pool_kw.get("retries") or Retry(3)
    send = pool.request

    def request(method: str, url: str, **options: Any) -> Any:
        retries = policy if method in {"GET", "HEAD"} else policy.new(read=False)
        return send(method, url, **{"retries": retries, **options})

    pool.request = request


def _parts(value: Any, seen: set[int]) -> Iterator[Any]:
    """Yield `value` and the SDK's objects that hang on it."""
    if id(value) in seen or not type(value).__module__.startswith(("anyscale", "openapi_client")):
        return
    seen.add(id(value))
    yield value
    for part in list(getattr(value, "__dict__", {}).values()):
        yield from _parts(part, seen)
