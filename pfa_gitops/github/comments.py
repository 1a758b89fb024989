"""One comment per marker on a pull request, edited in place. Touches only what this token's own user wrote."""

from collections.abc import Callable, Iterator
from typing import Any

from pfa_gitops.github.api import GitHub
from pfa_gitops.github.creating import create_once

NEEDS = "pull-requests: write"
BOT = "[bot]"


def put_comment(github: GitHub, number: int, text: str) -> str:
    """Write the comment whose first line, its marker, is that of `text`; its URL.

    Looks again before it sends a new comment a second time, and removes its own doubles.
    """
    mine = authored_by(github.login())

    def look() -> Any:
        found = list(_found(github, number, first_line(text), mine))
        for double in found[1:]:
            github.delete(f"/issues/comments/{double['id']}", NEEDS)
        return found[0] if found else None

    comment, found = create_once(look, lambda: github.create(f"/issues/{number}/comments", NEEDS, {"body": text}))
    if found and comment.get("body") != text:
        comment = github.change(f"/issues/comments/{comment['id']}", NEEDS, {"body": text})
    return str(comment["html_url"])


def markers(github: GitHub, number: int) -> set[str]:
    """The first lines of all comments of our own, by which a pull request shows what was planned before."""
    mine = authored_by(github.login())
    comments = github.pages(f"/issues/{number}/comments", "pull-requests: read")
    return {first_line(comment.get("body") or "") for comment in comments if mine(comment)}


def _found(github: GitHub, number: int, marker: str, mine: Callable[[Any], bool]) -> Iterator[Any]:
    for comment in github.pages(f"/issues/{number}/comments", "pull-requests: read"):
        if mine(comment) and first_line(comment.get("body") or "") == marker:
            yield comment


def first_line(text: str) -> str:
    """The marker of a text. GitHub may have made its line ends two characters."""
    return next(iter(text.splitlines()), "").strip()


def authored_by(login: str) -> Callable[[Any], bool]:
    """Whether a comment or an issue is by this user. A robot and a person may bear the same name."""
    name, robot = login.removesuffix(BOT), login.endswith(BOT)

    def mine(item: Any) -> bool:
        user = item.get("user") or {}  # none where the account was deleted
        written_by_robot = user.get("type") == "Bot"
        return str(user.get("login")).removesuffix(BOT) == name and written_by_robot == robot

    return mine
