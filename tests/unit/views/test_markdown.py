"""Markdown as GitHub reads it: `cmarkgfm` is its own parser."""

import re
from dataclasses import replace

import pytest
from hypothesis import given
from support.hostile_texts import HOSTILE, TEXTS, hostile_outcomes, hostile_plan
from support.markdown import check
from support.properties import few
from support.sample_plans import PLAN, change

from pfa_gitops.model.errors import Problem
from pfa_gitops.model.places import Origin
from pfa_gitops.model.values import Action, FieldChange, Outcome, Plan, Result
from pfa_gitops.views.markdown import plan_markdown
from pfa_gitops.views.markdown_outcomes import outcomes_markdown
from pfa_gitops.views.markdown_text import characters, fenced, link, marker, prose, span


def test_a_plan_says_first_what_costs_most():
    text = plan_markdown(PLAN, "quickstart")
    first, second = text.split("\n")[:2]
    assert first == "<!-- pfa-gitops: quickstart/prod -->"
    assert second == "### Plan for `quickstart` in environment `prod`"
    assert "| **1** | **6** | **1** | **1** | **2** |" in text
    order = ["[!CAUTION]", "limits.max_deletes", "the policy `no-deletes`: ask the owners first (`Deployment/old`)"]
    order += ["[!WARNING]", "The policy `big-heads`", "2 running orphaned", "no longer protected", "[!NOTE]", "run out"]
    order += ["#### Will it run, once applied?", "- ✗ `hourly`: worker: no worker is online in the pool gpu"]
    order += ["<details><summary>1 will, of 1 something is not known</summary>", "- ✓ `nightly`", "- ? `weekly`"]
    order += ["#### Deleted", "Deployment/old", "WorkPool/anyscale", "#### Loosens", "<b>loosens protection</b>"]
    order += ["#### Drops", "<code>Deployment/nightly", "#### Takes other parameters", "<b>takes other parameters</b>"]
    order += ["- **breaking**: region is gone; hits schedule at-noon", "- safe: days has another default (1 → 7)"]
    order += [
        "#### Moves",
        "Deployment/weekly",
        "#### Everything",
        "ComputeConfig/big</code> is created",
        "mermaid",
        "n0[",
    ]
    place = 0
    for word in order:
        place = text.index(word, place)
    assert "hunter" not in text
    found = check(text)
    assert len(found.headings) > 4


def test_nothing_to_change_is_one_line():
    plan = Plan("prod", (change("Variable/x", Action.NONE),))
    assert plan_markdown(plan, "quickstart") == (
        "<!-- pfa-gitops: quickstart/prod -->\n"
        "**`quickstart` in environment `prod`**: nothing to change, 1 unchanged.\n"
    )
    plan = replace(plan, chains=PLAN.chains)
    assert plan_markdown(plan, "quickstart").endswith(
        "nothing to change, 1 unchanged; runs of 1 deployment do not start.\n"
    )


def test_a_diff_shows_what_differs_and_little_else():
    text = plan_markdown(PLAN, "quickstart")
    assert '-       "command": "{{ command }}",\n+       "command": "run",\n' in text
    assert "NAME_7" not in text
    assert "! data.value: (secret)  # the stored secret differs" in text
    assert "    counts\n-   up\n+   down\n" in text


@given(TEXTS, TEXTS)
@few(150)
def test_no_name_and_no_value_breaks_out(name, text):
    check(plan_markdown(hostile_plan(name, text), name))
    check(plan_markdown(hostile_plan(name, text), text, 4_000))
    check(plan_markdown(Plan(name, (), (text,)), text))
    check(outcomes_markdown(*hostile_outcomes(name, text), text))


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_texts_one_by_one(text):
    check(plan_markdown(hostile_plan(text, text), text))
    check(f"x {prose(text)}\n\n{span(text)}\n", 0)


@given(TEXTS, TEXTS, TEXTS, TEXTS)
@few(100)
def test_a_marker_is_one_comment_and_each_has_its_own(project, environment, other, another):
    text = marker(project, environment)
    assert re.fullmatch(r"<!-- pfa-gitops: [\w.~%/-]+ -->", text, re.ASCII)
    assert "--" not in text[4:-3]
    assert (marker(other, another) == text) == ((other, another) == (project, environment))
    assert marker(project, environment, "apply") != text


@pytest.mark.parametrize("most", [4_000, 20_000, 65_536])
@pytest.mark.parametrize("count", [10, 60, 5_000])
def test_a_long_plan_is_shortened_and_says_so(most, count):
    value = "👩‍👩‍👧 `" * 40
    changes = [change(f"Variable/v{n}", Action.UPDATE, FieldChange(("value",), "a", value)) for n in range(count)]
    changes.append(change("Deployment/old", Action.DELETE))
    plan = Plan("prod", tuple(changes), tuple(f"{value} {n}" for n in range(200)))
    text = plan_markdown(plan, "quickstart", most, "https://ci.example/runs/1")
    assert characters(text) <= most
    check(text.replace("(https://ci.example/runs/1)", "").replace("[the whole plan]", ""))
    assert "Deployment/old" in text
    if count > 60:
        assert re.search(r"_Too long for one comment: \d+ diffs.* left out; they are in \[the whole plan\]", text)


def test_a_link_is_an_address_and_nothing_else():
    assert link("here", "https://ci.example/runs/1") == "[here](https://ci.example/runs/1)"
    for url in ("javascript:alert(1)", "https://x/)(y", "https://x y", "https://x\ny", 'https://x"y'):
        assert link("here", url) == "here"


def test_an_apply_tells_what_failed_first():
    one, two, three = (change(f"Variable/{name}", Action.UPDATE) for name in ("a", "b", "c"))
    problem = Problem("the platform refused `x`", "give another", Origin("v.yaml", 3, 1))
    outcomes = [
        Outcome(one, Result.DONE, None, 0.25),
        Outcome(two, Result.FAILED, problem),
        Outcome(three, Result.BLOCKED),
    ]
    text = outcomes_markdown(Plan("prod", (one, two, three)), outcomes, "quickstart")
    assert text.startswith("<!-- pfa-gitops apply: quickstart/prod -->\n### Apply for")
    assert "- `~` `Variable/b` failed: the platform refused `x`. give another. (`v.yaml:3:1`)" in text
    assert "Apply incomplete: 1 done, 1 failed, 1 blocked. Apply again to go on from here." in text
    assert text.index("Variable/b") < text.index("Variable/c") < text.index("Variable/a")
    check(text)


def test_a_fence_is_longer_than_any_in_its_lines():
    assert fenced(["a ````", "```"], "diff") == "`````diff\na ````\n```\n`````"


def test_an_apply_with_nothing_to_do_is_one_line():
    assert outcomes_markdown(Plan("prod", ()), [], "q").count("\n") == 2


def test_a_report_that_is_cut_says_where_all_of_it_is():
    outcomes = [Outcome(change(f"Variable/x{number}", Action.CREATE), Result.DONE) for number in range(3000)]
    plan = Plan("prod", tuple(outcome.change for outcome in outcomes))
    text = outcomes_markdown(plan, outcomes, "q", 20_000, "https://ci.example/1")
    assert characters(text) <= 20_000
    assert "objects left out; they are in [the whole report](https://ci.example/1)._" in text
    assert "left out._" in outcomes_markdown(plan, outcomes, "q", 20_000)
