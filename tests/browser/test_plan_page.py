"""The page of a plan in a real Chromium: by keyboard, in both colours, without a network, without an error."""

import os
from dataclasses import replace
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from support.hostile_texts import HOSTILE, hostile_plan
from support.sample_plans import PLAN, change

from pfa_gitops.model.values import ABSENT, Action, FieldChange, Plan
from pfa_gitops.views.graph import plan_graph
from pfa_gitops.views.html import page_file, plan_html
from pfa_gitops.views.svg import svg

SIZES = {"desk": {"width": 1200, "height": 900}, "phone": {"width": 390, "height": 800}}


def names(page):
    """The objects that can be seen."""
    return page.locator(".change:not([hidden]) .name").all_inner_texts()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
def test_nobody_is_kept_from_reading_it(opened, scheme, size):
    page = opened(plan_html(PLAN, "quickstart"), scheme, viewport=SIZES[size])
    page.get_by_role("button", name="Open all").click()
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    background = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert background == {"light": "rgb(255, 255, 255)", "dark": "rgb(13, 17, 23)"}[scheme]


def test_the_filter_works_by_keyboard(opened):
    page = opened(plan_html(PLAN, "quickstart"))
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "text"
    assert page.get_by_role("status").inner_text() == "10 of 10 shown"
    page.keyboard.type("NIGHTLY deployment")
    assert names(page) == ["nightly"]
    assert page.get_by_role("status").inner_text() == "1 of 10 shown"
    assert page.get_by_role("heading", name="Everything else").count() == 0
    page.keyboard.press("Escape")
    assert len(names(page)) == 10
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")  # no updates
    assert names(page) == ["old", "anyscale", "big", "found"]


def test_diffs_open_by_keyboard_and_are_found_by_their_values(opened):
    page = opened(plan_html(PLAN, "quickstart"))
    page.get_by_label("Filter", exact=True).fill("0 4 * * *")
    assert names(page) == ["nightly"]
    page.locator("#c3 summary").focus()
    page.keyboard.press("Enter")
    assert '+ schedules.nightly.cron: "0 4 * * *"' in page.locator("#c3 pre").inner_text()
    assert page.locator("#c3 pre").inner_text().count("\n") == 6


def test_a_node_of_the_graph_leads_to_its_object_whatever_the_filter_says(opened):
    page = opened(plan_html(PLAN, "quickstart"))
    page.get_by_label("Filter", exact=True).fill("limit")
    page.locator("svg a", has_text="nightly").focus()
    page.keyboard.press("Enter")
    page.wait_for_function("document.activeElement.tagName === 'SUMMARY'")
    assert page.locator("#c3").get_attribute("open") is not None
    assert len(names(page)) == 10


def test_it_can_be_read_without_script(opened):
    page = opened(plan_html(PLAN, "quickstart"), java_script_enabled=False)
    assert page.locator("form").is_hidden()
    assert page.locator(".change").count() == 10


def test_nothing_of_a_hostile_plan_runs_or_loads(opened):
    changes = [one for text in HOSTILE for one in hostile_plan(text, text).changes]
    page = opened(plan_html(Plan("prod", tuple(changes), tuple(HOSTILE)), "".join(HOSTILE)))
    page.get_by_role("button", name="Open all").click()
    assert page.locator("script").count() == 1
    assert page.locator("img, iframe, [onerror]").count() == 0
    assert "<script>alert(1)</script>" in page.locator("main").inner_text()


def test_a_picture_of_the_page_for_the_docs(opened, tmp_path):
    """`make pictures` draws it anew."""
    plan = replace(PLAN, notices=("the override prod-sizes has run out on 2026-01-02",))
    page = opened(plan_html(plan, "quickstart"), viewport={"width": 1000, "height": 1100})
    page.locator("#c3 summary").click()
    page.mouse.move(0, 0)
    file = Path(os.environ.get("PICTURES", tmp_path)) / "plan-page.png"
    page.screenshot(path=file, full_page=True)
    assert file.stat().st_size > 10_000


def test_a_plan_of_a_thousand_is_filtered_at_once(opened):
    value = {f"key{n}": n for n in range(5)}
    changes = [change(f"Variable/v{n}", Action.CREATE, FieldChange(("value",), ABSENT, value)) for n in range(1_000)]
    page = opened(plan_html(Plan("prod", tuple(changes)), "quickstart"))
    page.get_by_label("Filter", exact=True).fill("v999")
    assert names(page) == ["v999"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_graph_stands_alone(chromium, tmp_path, scheme):
    file = tmp_path / "graph.svg"
    file.write_text(svg(plan_graph(PLAN), page_file("graph.css")))
    context = chromium.new_context(color_scheme=scheme)
    page = context.new_page()
    page.goto(file.as_uri())
    assert page.locator("rect").count() == 10
    fill = page.evaluate("getComputedStyle(document.querySelector('rect')).fill")
    assert fill == {"light": "rgb(255, 255, 255)", "dark": "rgb(21, 27, 35)"}[scheme]
    context.close()
