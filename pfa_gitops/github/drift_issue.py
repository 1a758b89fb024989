"""One issue about drift per project and environment: opened, edited, closed, opened again. Touches only its own."""

from collections.abc import Callable
from typing import Any

from pfa_gitops.github.api import GitHub
from pfa_gitops.github.comments import authored_by, first_line
from pfa_gitops.github.creating import create_once

NEEDS = "issues: write"
FOOTER = "\n\n---\n"
"""Behind it stands what differs each time. An issue is edited where something else does."""


def tell_drift(github: GitHub, label: str, title: str, text: str, footer: str) -> str:
    """Have an open issue that says `text`; its URL. The first line of `text` is the marker."""
    body = f"{text}{FOOTER}{footer}"
    made = {"title": title, "body": body, "labels": [label]}
    issue, found = create_once(
        lambda: _found(github, label, first_line(text)), lambda: github.create("/issues", NEEDS, made)
    )
    return _open(github, issue, title, body) if found else str(issue["html_url"])


def close_drift(github: GitHub, label: str, text: str, footer: str) -> str:
    """Close the issue, if it is open, and have it say `text`; its URL, or nothing."""
    issue = _found(github, label, first_line(text))
    if issue is None or issue["state"] == "closed":
        return ""
    closed = {"state": "closed", "state_reason": "completed", "body": f"{text}{FOOTER}{footer}"}
    return str(github.change(f"/issues/{issue['number']}", NEEDS, closed)["html_url"])


def _open(github: GitHub, issue: Any, title: str, body: str) -> str:
    said, wanted = ((text or "").replace("\r\n", "\n").rpartition(FOOTER)[0] for text in (issue.get("body"), body))
    if issue["state"] != "open" or said != wanted:
        opened = {"state": "open", "title": title, "body": body}
        issue = github.change(f"/issues/{issue['number']}", NEEDS, opened)
    return str(issue["html_url"])


def _found(github: GitHub, label: str, marker: str) -> Any:
    """The issue with the marker: an open one, else the newest."""
    mine: Callable[[Any], bool] = authored_by(github.login())
    issues = github.pages("/issues", "issues: read", labels=label, state="all", sort="created", direction="desc")
    found = [
        issue
        for issue in issues
        if "pull_request" not in issue and mine(issue) and first_line(issue.get("body") or "") == marker
    ]
    return next((issue for issue in found if issue["state"] == "open"), found[0] if found else None)
