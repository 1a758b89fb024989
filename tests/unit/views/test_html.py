"""The page as text: a browser looks at it in tests/browser."""

import base64
import hashlib
import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from support.hostile_texts import HOSTILE, TEXTS, hostile_plan
from support.properties import few
from support.sample_plans import PLAN, change

from pfa_gitops.model.values import Action, Plan
from pfa_gitops.views.html import plan_html

TAGS = set(re.findall(r"<([a-z]\w*)", plan_html(PLAN, "quickstart"))) | {"p"}
ATTRIBUTES = set(re.findall(r"\s([a-zA-Z-]+)=", plan_html(PLAN, "quickstart"))) | {"hidden", "checked"}


class Seen(HTMLParser):
    """The elements, attributes and texts that a browser finds."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.attributes, self.targets, self.scripts, self.open = set(), set(), [], [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.targets += [value for name, value in attrs if name in {"href", "src"}]
        self.open.append(tag)

    def handle_data(self, data):
        if self.open and self.open[-1] == "script":
            self.scripts.append(data)

    def handle_endtag(self, tag):
        while self.open.pop() != tag:
            pass

    def handle_comment(self, data):
        raise AssertionError(data)


def check(page):
    found = Seen(page)
    assert found.tags <= TAGS
    assert found.attributes <= {name.lower() for name in ATTRIBUTES}
    assert all(re.fullmatch(r"#\w+", target) for target in found.targets)
    assert len(found.scripts) == 1
    assert all(line.isprintable() for line in page.split("\n"))
    return found


def test_the_page_is_one_file_that_may_run_and_load_nothing_else():
    page = plan_html(PLAN, "quickstart")
    found = check(page)
    [policy] = re.findall(r'Security-Policy" content="([^"]+)"', page)
    digest = base64.b64encode(hashlib.sha256(found.scripts[0].encode()).digest()).decode()
    assert f"script-src &#39;sha256-{digest}&#39;" in policy
    assert policy.startswith("default-src &#39;none&#39;; ")
    assert "unsafe" not in policy
    assert re.findall(r"https?://[^\"' ]+", page) == ["http://www.w3.org/2000/svg"]
    assert re.search(r"\sstyle=|\son\w+=", page) is None
    assert "hunter" not in page


def test_it_says_what_a_reviewer_must_know_first_and_the_dearest_changes_first():
    page = plan_html(PLAN, "quickstart")
    order = ["limits.max_deletes is 2", "Denied by the policy</b> <code>no-deletes", "2 running orphaned"]
    order += ["no longer protected", "has run out", "Will it run", "<b>No:</b> <code>hourly", "<b>Yes:</b>"]
    order += ["Deleted or replaced (2)", "Loosens protection (1)", "Drops or orphans flow runs (1)"]
    order += ["Takes other parameters than those who call it give (1)", "Moves flow runs (1)", "Everything else (4)"]
    order += ["<svg", "Unchanged"]
    places = [page.index(text) for text in order]
    assert places == sorted(places)
    assert '<span class="risk">loosens protection</span>' in page
    assert '<b class="risk">breaking</b>: <bdi>region is gone; hits schedule at-noon</bdi>' in page


def test_nothing_to_change():
    page = plan_html(Plan("prod", (change("Variable/x", Action.NONE),)), "quickstart")
    check(page)
    assert "Nothing to change" in page
    assert "<svg" not in page


@given(TEXTS, TEXTS)
@few(100)
def test_no_name_and_no_value_breaks_out(name, text):
    check(plan_html(hostile_plan(name, text), text))


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_texts_one_by_one(text):
    check(plan_html(hostile_plan(text, text), text))
