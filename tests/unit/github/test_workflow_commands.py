"""What the runner reads: annotations that cannot be more than one, outputs that cannot set another one."""

from pathlib import Path

import pytest

from pfa_gitops.github.workflow_commands import SUMMARY_BYTES, add_summary, annotation, mask, set_outputs
from pfa_gitops.model.errors import Problem
from pfa_gitops.model.places import Address, Origin


def test_a_problem_at_its_line(tmp_path, monkeypatch):
    project = tmp_path / "deploy"
    project.mkdir()
    monkeypatch.chdir(project)
    problem = Problem("it is wrong", "do it right", Origin("manifests/a.yaml", 3, 5), Address("Variable", "x"))
    assert annotation(problem, tmp_path, "pfa-gitops plan") == (
        "::error file=deploy/manifests/a.yaml,line=3,col=5,title=pfa-gitops plan::Variable/x: it is wrong%0Ado it right"
    )


def test_a_problem_without_a_place(tmp_path):
    assert annotation(Problem("no answer"), tmp_path, "t") == "::error title=t::no answer"


@pytest.mark.parametrize("text", ["a\n::error::b", "100%", "a\r\nb", "::set-output name=x::y", "%0A::error::x"])
def test_no_text_is_a_command_of_its_own(tmp_path, text):
    problem = Problem(text, text, Origin(f"a,b:{text}.yaml", 1, 1))
    line = annotation(problem, Path.cwd(), "t")
    assert len(line.splitlines()) == 1
    properties, _, message = line.removeprefix("::error ").partition("::")
    assert message.replace("%0A", "\n").replace("%0D", "\r").replace("%25", "%") == f"{text}\n{text}"
    assert len(properties.split(",")) == 4
    assert "::" not in properties


def test_values_are_hidden_line_by_line(capsys):
    values = ["s3cret%", "first line\r\nsecond\n\n", "1", "::error::x"]
    mask({}, values)
    assert capsys.readouterr().out == ""
    mask({"GITHUB_ACTIONS": "true"}, values)
    lines = ["::error::x", "first line", "s3cret%25", "second"]
    assert capsys.readouterr().out.splitlines() == [f"::add-mask::{line}" for line in lines]


def test_an_output_cannot_set_another_one(tmp_path):
    file = tmp_path / "output"
    set_outputs({"GITHUB_OUTPUT": str(file)}, {"one": "a\nother=b\nend-0\nother<<x\nb\nx"})
    first, *middle, last = file.read_text().splitlines()
    assert first == f"one<<{last}"
    assert last not in middle
    assert len(last) > 30


def test_a_summary_that_is_too_large_is_the_short_one(tmp_path):
    file = tmp_path / "summary"
    add_summary({"GITHUB_STEP_SUMMARY": str(file)}, "ä" * (SUMMARY_BYTES // 2 + 1), "short")
    add_summary({"GITHUB_STEP_SUMMARY": str(file)}, "more")
    assert file.read_text() == "short\n\nmore\n\n"


def test_outside_of_actions_nothing_is_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    set_outputs({}, {"one": "a"})
    assert list(tmp_path.iterdir()) == []
