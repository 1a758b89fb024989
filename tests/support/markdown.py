"""Markdown as GitHub reads it: `cmarkgfm` is its own parser. What a reader sees of a text, and what broke out of it."""

import re
from html.parser import HTMLParser

import cmarkgfm
from cmarkgfm.cmark import Options

ELEMENTS = {"p", "code", "pre", "details", "summary", "strong", "em", "b", "ul", "ol", "li", "blockquote", "h3", "h4"}
ELEMENTS |= {"table", "thead", "tbody", "tr", "th", "td"}
INERT = {"code", "pre"}
"""Where neither GitHub nor GitLab looks for names, issues and addresses."""
CALLS = re.compile(r"@\w|#\d|GH-\d|https?:|www\.|:\w+:", re.IGNORECASE)


class Seen(HTMLParser):
    """What a reader's browser gets to see."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.attributes, self.comments, self.loose, self.open = set(), [], [], [], []
        self.headings = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.add(tag)
        self.attributes += attrs
        self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_comment(self, data):
        self.comments.append(data)

    def handle_data(self, data):
        if not INERT & set(self.open):
            self.loose.append(data)
        if {"h1", "h2", "h3", "h4"} & set(self.open):
            self.headings.append(data)

    def handle_decl(self, decl):
        raise AssertionError(decl)

    unknown_decl = handle_pi = handle_decl


def seen(markdown):
    options = Options.CMARK_OPT_UNSAFE | Options.CMARK_OPT_FOOTNOTES
    return Seen(cmarkgfm.github_flavored_markdown_to_html(markdown, options))


def check(markdown, markers=1):
    """Nothing broke out: only our elements, no attributes but the columns', one comment, and nobody is called."""
    found = seen(markdown)
    assert found.elements <= ELEMENTS
    assert {name for name, _ in found.attributes} <= {"align", "lang", "class"}
    assert {value for name, value in found.attributes if name == "lang"} <= {"diff", "mermaid", "text"}
    assert len(found.comments) == markers
    assert found.open == []
    assert CALLS.search(" ".join(found.loose)) is None, found.loose
    assert all(line.isprintable() for line in markdown.split("\n"))
    return found
