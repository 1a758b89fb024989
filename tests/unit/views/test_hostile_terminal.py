"""What people see at a terminal, and CI reads: whatever a name or a value holds, every line is one of ours."""

import re

from hypothesis import given
from support.hostile_texts import TEXTS, hostile_outcomes, hostile_plan
from support.properties import few

from pfa_gitops.model.drift import Drift, DriftReport
from pfa_gitops.model.errors import Problem
from pfa_gitops.model.places import Address, Origin
from pfa_gitops.model.secrets import SecretRef
from pfa_gitops.model.status import Health, Status, StatusReport, Table
from pfa_gitops.model.unmanaged import Stray, StraysReport
from pfa_gitops.model.values import ABSENT, Action, FieldChange, Key, Owner, Touch
from pfa_gitops.views.drift import show_drift
from pfa_gitops.views.problems import show_problems
from pfa_gitops.views.status import show_status
from pfa_gitops.views.terminal import show_outcome, show_plan, show_result
from pfa_gitops.views.unmanaged import show_strays
from pfa_gitops.views.values import defused, one_line


def check(text, lines=None):
    shown = defused(text)
    assert all(line.isprintable() for line in shown.split("\n"))
    assert re.search(r"(?m)^\s*::|##\[", shown) is None
    assert lines is None or len(shown.split("\n")) == lines


@given(TEXTS, TEXTS)
@few(100)
def test_every_line_is_one_of_ours(name, text):
    check(show_plan(hostile_plan(name, text)))
    _, outcomes = hostile_outcomes(name, text)
    updated = [outcome for outcome in outcomes if outcome.change.action is not Action.NONE]
    check("\n".join(map(show_outcome, updated)))
    check(show_result(outcomes), 1)
    check(show_problems([Problem(text, name, Origin(name, 1, 2), Address("Pool", text))], colour=False))
    check(one_line(SecretRef(from_file=text)), 1)
    fields = (FieldChange((name, text), text, {name: text}), FieldChange((text,), ABSENT, name, text))
    drift = Drift(Address("Pool", text), fields, touched=Touch(text, name))
    check(show_drift(DriftReport(text, 1, (drift, Drift(Address("Pool", name), gone=True)), (text,))))
    owner = Owner(name, text)
    strays = [Stray(Key("Pool", text), name, text, None, Touch(text, name), one, text, None) for one in (owner, None)]
    check(show_strays(StraysReport(text, tuple(strays), (name,))))
    table = Table("runs", ({"run": text, "state": name},), text)
    check(show_status(StatusReport(name, (Status(Address("Pool", text), Health.GOOD, text, tables=(table,)),))))


def test_a_plan_has_as_many_lines_whatever_a_value_holds():
    shown = [show_plan(hostile_plan("n", text)).count("\n") for text in ("x", "\n\n\n", "\u2028\u2029\x85", "\r")]
    assert len(set(shown)) == 1


def test_an_outcome_of_a_hostile_name_is_one_line():
    _, [outcome, *_] = hostile_outcomes("\x1b[2J\n::error::x", "t")
    first, *rest = show_outcome(outcome).split("\n")
    assert "\\x1b[2J\\n::error::x" in first
    assert all(line.startswith("      ") for line in rest)
