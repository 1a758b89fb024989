"""What the action writes beside the commands' Markdown: nothing of it breaks out, and it fits."""

import pytest
from support.hostile_texts import HOSTILE
from support.markdown import check

from pfa_gitops.github.projects import owner
from pfa_gitops.github.texts import (
    drift_ended,
    drift_text,
    drift_title,
    failed,
    no_longer_declared_text,
    planned_without_secrets,
    with_footer,
)
from pfa_gitops.model.errors import Problem
from pfa_gitops.model.places import Address, Origin
from pfa_gitops.model.values import Owner
from pfa_gitops.views.markdown_text import characters, marker
from pfa_gitops.views.values import printable


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_breaks_out(text):
    problem = Problem(text, text, Origin(text, 1, 1), Address("Variable", text))
    whose = Owner(text, text)
    check(failed(whose, "plan", [problem]))
    check(planned_without_secrets(whose, [problem]), markers=0)
    check(drift_text(whose, printable(text)))  # a command's report is printable
    check(drift_ended(whose))
    check(no_longer_declared_text(marker(text, text)))
    assert "\n" not in drift_title(whose)


def test_thousands_of_problems_fit_into_a_comment():
    problems = [Problem(f"problem {number} " + "x" * 200, origin=Origin("a.yaml", number, 1)) for number in range(5000)]
    text = with_footer(failed(Owner("shop", "prod"), "plan", problems), "a" * 40, "https://github.example/x")
    assert characters(text) < 65_536
    assert "more" in text


def test_a_long_report_of_drift_fits_into_an_issue():
    text = drift_text(Owner("shop", "prod"), "\n".join(["x" * 100] * 2000))
    assert characters(text) < 65_536
    assert "the run has all of it" in text


def test_one_line_stays_one():
    text = with_footer("<!-- m -->\n**x**: nothing to change.", "a" * 40, "https://github.example/runs/1")
    assert text.splitlines()[1:] == [
        "**x**: nothing to change. · <sub>`aaaaaaaaaaaa` · [run](https://github.example/runs/1)</sub>"
    ]


@pytest.mark.parametrize(
    ("text", "environment", "found"),
    [
        (
            "kind: Project\nmetadata: {name: shop}\nspec: {environments: {a: {}, b: {default: true}}}",
            None,
            ("shop", "b"),
        ),
        ("kind: Project\nmetadata: {name: shop}\nspec: {environments: {a: {}}}", "c", ("shop", "c")),
        ("kind: Project\nmetadata: {name: shop}\nspec: 3", None, ("shop", "default")),
        ("kind: Project\nspec: {environments: [a]}", None, ("here", "default")),
        ("a: [", "x", ("here", "x")),
        (None, None, ("here", "default")),
    ],
)
def test_whose_it_is_can_be_told_where_the_project_is_wrong(tmp_path, text, environment, found):
    folder = tmp_path / "here"
    folder.mkdir()
    (folder / ".git").mkdir()
    if text is not None:
        (folder / "pfa-gitops.yaml").write_text(text)
    assert owner(folder, environment) == Owner(*found)
