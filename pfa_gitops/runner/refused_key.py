"""How a worker tells its agent that Prefect refuses its credentials: it ends with an exit code of its own.

Prefect 3.8's worker ends at the first 401, when it starts as well as when it polls, with exit code 1 like after any
mistake. The agent must tell the two apart: it fetches the credentials again and starts another worker, and counts no
crash. Only 401 means that. A 403 is a permission that is missing, which no rotation brings.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import httpx

EXIT_CODE = 77
"""EX_NOPERM of sysexits.h."""
MEANING = "Prefect refuses the worker's credentials (401)"


@contextmanager
def exit_code_when_refused() -> Iterator[None]:
    """End the process with EXIT_CODE when what is inside ends because of a 401. Use it around `BaseWorker.start`."""
    try:
        yield
    except Exception as error:
        if not is_refused(error):
            raise
        sys.stderr.write(f"{MEANING}.\n")
        raise SystemExit(EXIT_CODE) from None


def is_refused(error: BaseException) -> bool:
    """Whether an error is a 401 of Prefect's API, or a group that holds one."""
    if isinstance(error, BaseExceptionGroup):
        return any(is_refused(part) for part in error.exceptions)
    return isinstance(error, httpx.HTTPStatusError) and error.response.status_code == httpx.codes.UNAUTHORIZED
