"""Foreign text inside of Markdown, as GitHub and GitLab read it: it stays text, whatever it holds. Pure.

Nothing here may become markup, leave its table or its block, call somebody (`@name`) or refer to an issue (`#12`).
Both sites look for such names in all text but code, after they decoded entities. So foreign text is code.
"""

import html
import re
from collections.abc import Sequence
from urllib.parse import quote

from pfa_gitops.views.values import LONGEST, printable

_PLAIN = re.compile(r"[(]?(?:[^\W\d_]+(?:['-][^\W\d_]+)*|[0-9]+(?:\.[0-9]+)?%?)[)]?[.,;:?!]{0,2}|[-→·…]")
"""A word that means nothing but itself: letters, or a number, with marks behind it."""
_LINK = re.compile(r"https?://[\w./~:?&=%+-]+", re.ASCII)


def span(text: str) -> str:
    """Foreign text as inline code. Not for tables: there no fence keeps a `|`."""
    shown = printable(text) or " "
    fence = "`" * (longest_run(shown) + 1)
    pad = " " if shown[0] in "` " or shown[-1] in "` " else ""
    return f"{fence}{pad}{shown}{pad}{fence}"


def element(text: str) -> str:
    """Foreign text as an HTML element `code`, where Markdown is not read: in a `<summary>`."""
    return f"<code>{html.escape(printable(text))}</code>"


def prose(text: str) -> str:
    """A sentence that holds foreign names: plain words stay words, all else becomes code. One line, cut where long.

    It must not begin a line of Markdown: a number could become a list.
    """
    shown = printable(text if len(text) <= LONGEST else f"{text[:LONGEST]}…")
    pieces: list[str] = []
    coded: list[str] = []
    for word in [*shown.split(" "), None]:
        if word is not None and not _PLAIN.fullmatch(word):
            coded.append(word)
            continue
        pieces += [_code(coded)] if any(coded) else []
        coded = []
        pieces += [word] if word is not None else []
    return " ".join(pieces)


def _code(words: Sequence[str]) -> str:
    """Words that stand together, as code. One that our messages quote already keeps its marks out."""
    text = " ".join(word for word in words if word)
    quoted = re.fullmatch(r"`([^`]+)`([.,;:?!]?)", text) or re.fullmatch(r"(\w+)([.,;])", text, re.ASCII)
    return f"{span(quoted[1])}{quoted[2]}" if quoted else span(text)


def fenced(lines: Sequence[str], language: str) -> str:
    """Lines as a block of code. Each must be printable already."""
    text = "\n".join(lines)
    fence = "`" * max(3, longest_run(text) + 1)
    return f"{fence}{language}\n{text}\n{fence}"


def longest_run(text: str) -> int:
    """How many backticks follow each other at most."""
    return max(map(len, re.findall("`+", text)), default=0)


def link(words: str, url: str) -> str:
    """A link with words of our own. An address that is none, or could be more than one, is left out."""
    return f"[{words}]({url})" if _LINK.fullmatch(url) else words


def marker(project: str, environment: str, of: str = "") -> str:
    """What a comment begins with so that it is found again: invisible, and one line that is the same each time.

    `of` tells an apply's report (`apply`) from the plan. No name can end the comment, or pass for another one.
    """
    what = f" {of}" if of else ""
    return f"<!-- pfa-gitops{what}: {_in_a_comment(project)}/{_in_a_comment(environment)} -->"


def _in_a_comment(name: str) -> str:
    return quote(name, safe="", errors="surrogatepass").replace("--", "-%2D")


def characters(text: str) -> int:
    """How long a text is as GitHub counts: in units of UTF-16."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2
