"""A local stand-in for GitHub's REST API: real HTTP, one repository in memory, every call noted.

It does what the real one does as far as the action relies on it: pages, numbers, authors, states, permissions by
token, and refusals with their statuses. Written from GitHub's public documentation, apart from the client.
"""

import base64
import itertools
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

REPOSITORY = "acme/flows"
TOKEN = "ghs_token-of-the-job"
READ_ONLY = "ghs_token-that-reads"
ROBOT = {"login": "github-actions[bot]", "type": "Bot"}
PERSON = {"login": "mona", "type": "User"}
LONGEST_BODY = 65_536
OWN, FORK = 1, 2
"""Ids of this repository and of a fork."""


@dataclass(frozen=True)
class Call:
    """One request that came in."""

    method: str
    path: str
    body: Any
    authorization: str = field(default="", repr=False)

    @property
    def basic_login(self) -> str:
        """`user:password`, as it was before it was encoded; empty where none was sent so."""
        kind, _, told = self.authorization.partition(" ")
        return base64.b64decode(told).decode() if kind == "Basic" else ""

    @property
    def writes(self) -> bool:
        return self.method != "GET" and self.path != "/graphql"

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


@dataclass
class Fault:
    """What happens to the next requests that begin with `call`, e.g. `POST /repos`."""

    call: str
    status: int
    times: int = 1
    headers: dict[str, str] = field(default_factory=dict)
    after_it_was_done: bool = False
    """Do it, and lose the answer."""


@dataclass
class GitHubStandIn:
    """The repository's state. Tests read and write it between requests."""

    url: str = ""
    calls: list[Call] = field(default_factory=list)
    comments: list[dict[str, Any]] = field(default_factory=list)
    issues: list[dict[str, Any]] = field(default_factory=list)
    pulls: list[dict[str, Any]] = field(default_factory=list)
    artifacts: list[dict[str, Any]] = field(default_factory=list)
    runs: list[dict[str, Any]] = field(default_factory=list)
    files: dict[int, list[dict[str, str]]] = field(default_factory=dict)
    compared: list[dict[str, str]] = field(default_factory=list)
    commits: list[dict[str, Any]] = field(default_factory=list)
    """Those of a comparison: `sha` and `parents`."""
    faults: list[Fault] = field(default_factory=list)
    user: dict[str, str] = field(default_factory=lambda: dict(ROBOT))
    _ids: Iterator[int] = field(default_factory=lambda: itertools.count(101))

    @property
    def writes(self) -> list[Call]:
        return [call for call in self.calls if call.writes]

    def add_comment(self, number: int, body: str, user: dict[str, str] = PERSON) -> dict[str, Any]:
        made = {"id": next(self._ids), "issue": number, "body": body, "user": user, "html_url": self._page(number)}
        self.comments.append(made)
        return made

    def add_pull(
        self, number: int, head: str, merge: str, merged_at: str | None = "2026-01-02T00:00:00Z", base: str = "main"
    ) -> None:
        made = {"number": number, "head": {"sha": head}, "merge_commit_sha": merge, "merged_at": merged_at}
        self.pulls.append({**made, "base": {"ref": base}})

    def add_artifact(self, name: str, head: str, **more: Any) -> dict[str, Any]:
        run = next(self._ids)
        self.runs.append({"id": run, "event": more.pop("event", "pull_request"), "head_sha": head})
        source = {"id": run, "head_sha": head, "repository_id": OWN, "head_repository_id": more.pop("source", OWN)}
        made = {
            "id": next(self._ids),
            "name": name,
            "expired": False,
            "created_at": "2026-01-01T00:00:00Z",
            "workflow_run": source,
            **more,
        }
        self.artifacts.append(made)
        return made

    def _page(self, number: int) -> str:
        return f"https://github.example/{REPOSITORY}/issues/{number}"

    async def answer(self, request: Request) -> Response:
        text = await request.body()
        path = request.url.path.removeprefix(f"/repos/{REPOSITORY}")
        call = Call(request.method, path, json.loads(text) if text else None, request.headers.get("authorization", ""))
        self.calls.append(call)
        fault = next((one for one in self.faults if one.times and str(call).startswith(one.call)), None)
        if fault is None:
            return self._answer(request, call)
        fault.times -= 1
        if fault.after_it_was_done:
            self._answer(request, call)
        return JSONResponse({"message": "Something went wrong"}, fault.status, fault.headers)

    def _answer(self, request: Request, call: Call) -> Response:
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        if token not in {TOKEN, READ_ONLY}:
            return JSONResponse({"message": "Bad credentials"}, 401)
        if call.path == "/graphql":
            return JSONResponse({"data": {"viewer": {"login": self.user["login"]}}})
        if call.writes and token == READ_ONLY:
            return JSONResponse({"message": "Resource not accessible by integration"}, 403)
        if call.writes and len((call.body or {}).get("body", "").encode("utf-16-le")) // 2 > LONGEST_BODY:
            return JSONResponse({"message": "Validation Failed"}, 422)
        parts = [part for part in call.path.split("/") if part]
        handler = getattr(self, f"_{call.method.lower()}_{parts[0]}", None)
        answer = handler(parts, call.body or {}, request.query_params) if handler else None
        return JSONResponse({"message": "Not Found"}, 404) if answer is None else answer

    def _get_issues(self, parts: list[str], _: Any, query: Any) -> Response:
        if parts[1:]:
            mine = [one for one in self.comments if one["issue"] == int(parts[1])]
            return _paged(mine, query)
        found = [one for one in self.issues if query["labels"] in [label["name"] for label in one["labels"]]]
        return _paged([one for one in found if query["state"] in {"all", one["state"]}][::-1], query)

    def _post_issues(self, parts: list[str], body: Any, _: Any) -> Response:
        if parts[1:]:
            return JSONResponse(self.add_comment(int(parts[1]), body["body"], self.user), 201)
        number = next(self._ids)
        labels = [{"name": name} for name in body["labels"]]
        made = {**body, "number": number, "labels": labels, "state": "open", "user": self.user}
        self.issues.append({**made, "html_url": self._page(number)})
        return JSONResponse(self.issues[-1], 201)

    def _patch_issues(self, parts: list[str], body: Any, _: Any) -> Response | None:
        if parts[1] == "comments":
            return _changed(self.comments, "id", int(parts[2]), body)
        return _changed(self.issues, "number", int(parts[1]), body)

    def _delete_issues(self, parts: list[str], _: Any, __: Any) -> Response:
        self.comments = [one for one in self.comments if one["id"] != int(parts[2])]
        return Response(status_code=204)

    def _get_commits(self, parts: list[str], _: Any, query: Any) -> Response:
        return _paged([one for one in self.pulls if parts[1] in {one["merge_commit_sha"], one["head"]["sha"]}], query)

    def _get_pulls(self, parts: list[str], _: Any, query: Any) -> Response:
        return _paged(self.files.get(int(parts[1]), []), query)

    def _get_compare(self, _: list[str], __: Any, ___: Any) -> Response:
        return JSONResponse({"files": self.compared, "commits": self.commits})

    def _get_actions(self, parts: list[str], _: Any, query: Any) -> Response | None:
        if parts[1] == "artifacts":
            return _paged([one for one in self.artifacts if one["name"] == query["name"]], query, "artifacts")
        return next((JSONResponse(one) for one in self.runs if one["id"] == int(parts[2])), None)


def _paged(items: list[Any], query: Any, key: str | None = None) -> Response:
    size, page = int(query.get("per_page", 30)), int(query.get("page", 1))
    shown = items[(page - 1) * size : page * size]
    return JSONResponse({"total_count": len(items), key: shown} if key else shown)


def _changed(items: list[dict[str, Any]], name: str, number: int, body: Any) -> Response | None:
    for item in items:
        if item[name] == number:
            item.update(body)
            return JSONResponse(item)
    return None


class _Server(uvicorn.Server):
    """Tells when it listens."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = threading.Event()

    async def startup(self, sockets: Any = None) -> None:
        await super().startup(sockets)
        self.listening.set()

    def install_signal_handlers(self) -> None:
        """Signals are for the tests."""


@contextmanager
def github_stand_in() -> Iterator[GitHubStandIn]:
    """Serve an empty repository on a free port."""
    state = GitHubStandIn()
    methods = ["GET", "POST", "PATCH", "DELETE"]
    app = Starlette(routes=[Route("/{path:path}", state.answer, methods=methods)])
    server = _Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="critical", lifespan="off"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    assert server.listening.wait(60)
    state.url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    try:
        yield state
    finally:
        server.should_exit = True
        thread.join()
