"""A comment as people see it on GitHub, near enough for a picture: read by GitHub's own parser, in its colours."""

import re
from html import escape

import cmarkgfm
from cmarkgfm.cmark import Options

_ALERT = re.compile(r"<blockquote>\n<p>\[!(\w+)\]</p>")
_DIFF = re.compile(r'<pre lang="diff"><code>(.*?)</code></pre>', re.DOTALL)
_SIGNS = {"+": "add", "-": "del", "!": "same"}
_STYLE = """
body { margin: 0; padding: 16px; background: #fff; color: #1f2328; font: 14px/1.5 "DejaVu Sans", sans-serif; }
article { border: 1px solid #d1d9e0; border-radius: 6px; max-width: 860px; }
header { background: #f6f8fa; border-bottom: 1px solid #d1d9e0; padding: 8px 16px; color: #59636e; }
main { padding: 4px 16px 12px; }
h3 { font-size: 17px; } h4 { font-size: 14px; margin: 18px 0 6px; }
code { font: 12px "DejaVu Sans Mono", monospace; background: #eff1f3; border-radius: 6px; padding: 2px 5px; }
pre { background: #f6f8fa; border-radius: 6px; padding: 12px; overflow: hidden; }
pre code { background: none; padding: 0; }
pre span { display: block; } .add { background: #dafbe1; } .del { background: #ffebe9; } .same { color: #6f4400; }
table { border-collapse: collapse; } th, td { border: 1px solid #d1d9e0; padding: 5px 13px; }
blockquote { margin: 12px 0; padding: 2px 16px; border-left: 4px solid #0969da; }
blockquote.caution { border-color: #cf222e; } blockquote.warning { border-color: #9a6700; }
summary { cursor: pointer; margin: 6px 0; } ul { padding-left: 22px; } sub { color: #59636e; }
"""


def comment_page(markdown: str, head: str = "github-actions bot commented") -> str:
    """A page with one comment."""
    read = cmarkgfm.github_flavored_markdown_to_html(markdown, Options.CMARK_OPT_UNSAFE)
    body = _DIFF.sub(lambda found: f"<pre><code>{_coloured(found[1])}</code></pre>", _ALERT.sub(_alert, read))
    return (
        f'<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>Comment</title>'
        f"<style>{_STYLE}</style></head>"
        f"<body><article><header>{escape(head)}</header><main>{body}</main></article></body></html>"
    )


def _alert(found: re.Match[str]) -> str:
    return f'<blockquote class="{found[1].lower()}"><p><b>{found[1].capitalize()}</b></p>'


def _coloured(diff: str) -> str:
    lines = (f'<span class="{_SIGNS.get(line[:1], "")}">{line or " "}</span>' for line in diff.rstrip().split("\n"))
    return "".join(lines)
