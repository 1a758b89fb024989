"""GitHub's REST API: one request, its retries, its errors. The only HTTP to GitHub.

The token is sent to the API's host only and told nowhere. What may have arrived is not sent again by itself.
"""

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import httpx

from pfa_gitops.model.errors import (
    Invalid,
    MaybeArrived,
    PfaError,
    PlatformError,
    ReaderError,
    Unavailable,
    Unreachable,
)
from pfa_gitops.platforms.backoff import asked_wait, wait_before
from pfa_gitops.platforms.causes import why
from pfa_gitops.platforms.proxies import usable_proxies
from pfa_gitops.platforms.statuses import RETRIED, SERVER_ERROR, meaning

PER_PAGE = 100
MOST_PAGES = 100
ANSWER_S = 30.0
FIRST_WAIT_S, LONGEST_WAIT_S = 0.2, 10.0
PATIENCE_S = 90.0
"""How long one request is tried for, rate limits included."""
TRIES, FIRST_TRIES = 6, 3
"""How often; a host that has never answered is most likely not there."""
LONGEST_DETAIL = 300
FORBIDDEN, NOT_FOUND, TIMED_OUT, GONE, TOO_MANY = 403, 404, 408, 410, 429


@dataclass(frozen=True)
class _Failed:
    """A try that failed, and when another one may go well."""

    error: PfaError
    again: bool
    wait_s: float | None = None


class GitHub:
    """One repository at the API, by one token. Close it at the end."""

    def __init__(self, api_url: str, graphql_url: str, repository: str, token: str) -> None:
        if not token:
            raise ReaderError("GITHUB_TOKEN is not set", "give the step the job's token: `token: ${{ github.token }}`")
        self._answered = False
        self._token, self._graphql, self._base = token, graphql_url, f"{api_url}/repos/{repository}"
        headers = {
            "Authorization": f"Bearer {token}",
            "Accept": "application/vnd.github+json",
            "X-GitHub-Api-Version": "2022-11-28",
            "User-Agent": "pfa-gitops",
        }
        with usable_proxies():
            self._client = httpx.Client(headers=headers, timeout=ANSWER_S)

    def __enter__(self) -> "GitHub":
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def get(self, path: str, needs: str, **params: Any) -> Any:
        """What is at a path of the repository. `needs` is the permission that a workflow has to grant for it."""
        return self._send("GET", self._base + path, needs, params=params)

    def pages(self, path: str, needs: str, key: str | None = None, **params: Any) -> Iterator[Any]:
        """All items of a list, page by page; `key` is where an answer keeps it. Raises Invalid for an endless one."""
        for page in range(1, MOST_PAGES + 1):
            answer = self.get(path, needs, **params, per_page=PER_PAGE, page=page)
            items = answer[key] if key else answer
            yield from items
            if len(items) < PER_PAGE:
                return
        raise Invalid(f"GitHub lists more than {MOST_PAGES * PER_PAGE} of {path}", "close it, and open another one")

    def change(self, path: str, needs: str, body: Mapping[str, Any]) -> Any:
        """PATCH: sent again as often as needed, as its end is the same."""
        return self._send("PATCH", self._base + path, needs, body=body)

    def delete(self, path: str, needs: str) -> None:
        """Delete what is there."""
        self._send("DELETE", self._base + path, needs)

    def create(self, path: str, needs: str, body: Mapping[str, Any]) -> Any:
        """POST. Raises MaybeArrived where its answer was lost: look before sending it again."""
        return self._send("POST", self._base + path, needs, body=body, once=True)

    def login(self) -> str:
        """Whose the token is; the name of a robot ends with `[bot]`. Raises Invalid where GitHub does not say."""
        answer = self._send("POST", self._graphql, "", body={"query": "query { viewer { login } }"})
        viewer = (answer.get("data") or {}).get("viewer") if isinstance(answer, dict) else None
        if not viewer or not viewer.get("login"):
            raise Invalid("GitHub does not say whose the token is", "use the job's own token: `${{ github.token }}`")
        return str(viewer["login"])

    def _send(
        self,
        method: str,
        url: str,
        needs: str,
        *,
        params: Mapping[str, Any] | None = None,
        body: Mapping[str, Any] | None = None,
        once: bool = False,
    ) -> Any:
        give_up = time.monotonic() + PATIENCE_S
        for attempt in range(1, TRIES + 1):
            answer = self._try(method, url, needs, params=params, body=body, once=once)
            if not isinstance(answer, _Failed):
                return answer
            wait = wait_before(attempt, FIRST_WAIT_S, LONGEST_WAIT_S) if answer.wait_s is None else answer.wait_s
            last = attempt == (TRIES if self._answered else FIRST_TRIES)
            if not answer.again or last or time.monotonic() + wait > give_up:
                raise answer.error from None
            time.sleep(wait)
        raise AssertionError("the loop ends by a return or an error")

    def _try(
        self,
        method: str,
        url: str,
        needs: str,
        *,
        params: Mapping[str, Any] | None,
        body: Mapping[str, Any] | None,
        once: bool,
    ) -> Any:
        try:
            response = self._client.request(method, url, params=params, json=body)
        except (httpx.UnsupportedProtocol, httpx.InvalidURL):
            raise ReaderError("the URL of GitHub's API is none", "check GITHUB_API_URL") from None
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            return _Failed(Unreachable(f"nothing answers at {self._host(url)}: {why(error)}", _NETWORK), again=True)
        except httpx.HTTPError as error:
            return self._unanswered(f"GitHub did not answer {method}: {why(error)}", once)
        self._answered = True
        if response.is_success:
            return self._document(response)
        return self._refused(method, response, needs, once)

    def _unanswered(self, message: str, once: bool) -> _Failed:
        error = MaybeArrived(message, _NETWORK) if once else Unreachable(message, _NETWORK)
        return _Failed(error, again=not once)

    def _document(self, response: httpx.Response) -> Any:
        if not response.content:
            return None
        with suppress(ValueError):
            return response.json()
        raise Unreachable(
            f"what answers at {self._host(str(response.url))} is not GitHub's API", "check GITHUB_API_URL"
        )

    def _refused(self, method: str, response: httpx.Response, needs: str, once: bool) -> _Failed:
        status, path = response.status_code, response.url.path
        if (wait := _rate_limited(response)) is not None:
            until = time.strftime("%H:%M UTC", time.gmtime(time.time() + wait))
            error: PfaError = Unavailable("GitHub's rate limit is used up", f"run the job again after {until}")
            return _Failed(error, again=True, wait_s=wait)
        detail = self._detail(response)
        message = f"GitHub answered {status} to {method} {path}{detail and f': {detail}'}"
        if once and (status >= SERVER_ERROR or status == TIMED_OUT):
            return _Failed(MaybeArrived(message, _LATER), again=False)
        return _Failed(_error(status, message, needs), again=status in RETRIED, wait_s=asked_wait(response.headers))

    def _detail(self, response: httpx.Response) -> str:
        """What GitHub says of it, in one line and without the token."""
        with suppress(ValueError, TypeError, KeyError):
            text = " ".join(str(json.loads(response.text)["message"]).split())
            return text.replace(self._token, "(secret)")[:LONGEST_DETAIL]
        return ""

    @staticmethod
    def _host(url: str) -> str:
        return httpx.URL(url).host


_NETWORK = "check GITHUB_API_URL and the network, and run the job again"
_LATER = "see https://www.githubstatus.com, and run the job again"


def _error(status: int, message: str, needs: str) -> PlatformError:
    """Say what a status asks for: mostly a permission."""
    mend = _LATER if status in RETRIED else ""
    if status in {FORBIDDEN, NOT_FOUND} and needs:
        mend = f"the job needs `{needs}` under `permissions:`, and so does the workflow that calls it"
    if status == GONE:
        mend = "switch issues on in the repository's settings"
    return meaning(status)(message, mend)


def _rate_limited(response: httpx.Response) -> float | None:
    """Seconds to wait where a rate limit is the reason; None where it is not."""
    if response.status_code not in {FORBIDDEN, TOO_MANY}:
        return None
    if (asked := asked_wait(response.headers)) is not None:
        return asked
    if response.headers.get("x-ratelimit-remaining") != "0":
        return None
    reset = response.headers.get("x-ratelimit-reset", "")
    return max(0.0, int(reset) - time.time()) if reset.isdigit() else LONGEST_WAIT_S
