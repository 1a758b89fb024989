"""The child that evaluates expressions: what it answers, and that it ends, whatever it is given."""

import sys

import pytest

from pfa_gitops.policy import child
from pfa_gitops.policy.child import JUDGE, SPENT, Answers, ask

CHANGES = [{"address": f"Variable/v{n}", "action": "delete" if n % 2 else "update", "n": n} for n in range(4)]
ABOUT = {"environment": "prod", "changes": CHANGES, "plan": {"changes": CHANGES, "environment": "prod"}}

WRONG = ["change.", "chnge.n == 1", "'a'", "open('/etc/passwd')", '"\\q"', "\x00", "é" * 1000, ""]


def answer(expression):
    return ask([expression], ABOUT).told[0]


@pytest.mark.parametrize(
    ("expression", "hits"),
    [
        ("change.action == 'delete'", [1, 3]),
        ("change.n > 1 && environment == 'prod'", [2, 3]),
        ("change.n == plan.changes.size() - 1", [3]),
        ("plan.changes.exists(c, c.n == 3)", [None]),
        ("plan.changes.exists(change, change.n == 3)", [None]),
        ("environment == 'dev'", []),
        ("environment.matches('^pr')", [None]),
        ("has(change.nothing)", []),
        ("true", [None]),
    ],
)
def test_it_is_held_against_each_change_or_against_the_plan(expression, hits):
    assert answer(expression) == {"hits": hits, "failures": []}


@pytest.mark.parametrize(
    ("expression", "says"),
    [
        ("change.nothing == 1", "Key not found"),
        ("change.n", "it gives INT"),
        ("change.address > 1", "No matching overloads"),
        ("change.address.matches('(')", "invalid regular expression"),
        ("1 / (change.n - change.n) == 1", "divide by zero"),
    ],
)
def test_what_cannot_be_evaluated_says_why(expression, says):
    found = answer(expression)
    assert found["hits"] == []
    assert [index for index, _ in found["failures"]] == [0, 1, 2, 3]
    assert says.lower() in found["failures"][0][1].lower()


@pytest.mark.parametrize(
    "expression", [*WRONG, "1" + "+1" * 5000, f"{'(' * 3000}true{')' * 3000}", "[" * 500 + "]" * 500]
)
def test_what_does_not_compile_says_so(expression):
    assert set(answer(expression)) == {"error"}


def test_one_after_the_other_is_answered():
    told = ask(["true", "false", "nope", "change.n == 0"], ABOUT).told
    assert [one.get("hits") for one in told] == [[None], [], None, [0]]


def test_rounds_within_rounds_are_refused():
    nested = "plan.l.all(a, plan.l.all(b, plan.l.all(c, a + b + c >= 0)))"
    about = {**ABOUT, "plan": {"l": list(range(500))}}
    [[index, why]] = ask([nested], about).told[0]["failures"]
    assert (index, "Iteration budget exceeded" in why) == (None, True)


@pytest.mark.parametrize(
    "greedy", ["plan.l.map(c, plan.b + plan.b).size() < 0", "plan.l.exists(c, (plan.b + 'x').matches('(x+x+)+y$'))"]
)
def test_one_that_takes_too_long_or_too_much_is_ended_and_named(greedy):
    about = {**ABOUT, "plan": {"l": list(range(9_000)), "b": "x" * 3_000_000}}
    answers = ask(["true", greedy, "true"], about, cpu_seconds=2)
    failed = [one for one in answers.told[1:] if one.get("failures")]
    assert answers.told[0]["hits"] == [None]
    assert failed or (answers.unfinished, answers.why) == (1, SPENT)


def behind(monkeypatch, tmp_path, first):
    """Have the child do something before it does its work."""
    program = tmp_path / "judge.py"
    program.write_text(f"import runpy\n{first}\nrunpy.run_path({str(JUDGE)!r}, run_name='__main__')\n")
    monkeypatch.setattr(child, "JUDGE", program)


@pytest.mark.skipif(sys.platform == "win32", reason="it has no such limits")
@pytest.mark.parametrize(("limit", "lower"), [("RLIMIT_AS", 1_500_000_000), ("RLIMIT_CPU", 10)])
def test_where_the_system_allows_less_than_is_wanted_policies_are_evaluated_all_the_same(
    monkeypatch, tmp_path, limit, lower
):
    behind(monkeypatch, tmp_path, f"import resource; resource.setrlimit(resource.{limit}, ({lower}, {lower}))")
    assert ask(["true"], ABOUT).told == [{"hits": [None], "failures": []}]


@pytest.mark.parametrize(
    ("first", "why"),
    [
        ("raise OSError('no such device')", "policies cannot be evaluated here: OSError: no such device"),
        ("raise SystemExit(7)", "policies cannot be evaluated here: their process ended with 7"),
        ("raise MemoryError", SPENT),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", SPENT),
    ],
)
def test_what_keeps_the_child_from_its_work_is_told(monkeypatch, tmp_path, first, why):
    behind(monkeypatch, tmp_path, first)
    assert ask(["true", "true"], ABOUT) == Answers([], 0, why)


def test_the_child_has_no_environment_and_loads_nothing_of_ours(monkeypatch, tmp_path):
    monkeypatch.setenv("PREFECT_API_KEY", "made-up")
    program = tmp_path / "judge.py"
    program.write_text(
        f"import json, os, runpy, sys\nrunpy.run_path({str(JUDGE)!r})\n"
        "about = {'environ': list(os.environ), 'modules': list(sys.modules), 'isolated': sys.flags.isolated}\n"
        "print(json.dumps(about))\n"
    )
    monkeypatch.setattr(child, "JUDGE", program)
    [told] = ask(["true"], ABOUT).told
    assert set(told["environ"]) <= {"LC_CTYPE"}  # Python's own, where there is no other locale
    assert told["isolated"] == 1, "it takes no module from the folder that it runs in, and none of the user's"
    assert [name for name in told["modules"] if name.partition(".")[0] in {"pfa_gitops", "subprocess", "socket"}] == []
    assert "cel_expr_python" in told["modules"]
