"""The lines of a diff: what differs is in them, little else is, and they are few."""

import json

from hypothesis import given
from hypothesis import strategies as st
from support.properties import few
from support.sample_plans import change

from pfa_gitops.model.secrets import Digested, Sealed, SecretRef
from pfa_gitops.model.values import ABSENT, Action, FieldChange
from pfa_gitops.views.difference import MOST_LINES, WIDEST_LINE, Line, difference


def lines(before, after, action=Action.UPDATE, reason=None):
    return difference(change("Variable/v", action, FieldChange(("value",), before, after, reason)))


def test_short_values_stand_beside_their_field():
    assert lines("a", "b") == [Line("-", 'value: "a"'), Line("+", 'value: "b"')]
    assert lines(ABSENT, [1]) == [Line("+", "value: [1]")]
    assert lines({"a": 1}, ABSENT) == [Line("-", 'value: {"a": 1}')]
    assert lines(1, 2, reason="so") == [Line("-", "value: 1"), Line("+", "value: 2"), Line(" ", "# so")]
    assert lines(None, "x", Action.CREATE) == [Line("+", 'value: "x"')]
    assert lines(None, "x") == [Line("-", "value: null"), Line("+", 'value: "x"')]


def test_what_looks_alike_is_told_with_its_reason():
    assert lines(Sealed("a"), Sealed("b"), reason="it differs") == [Line("!", "value: (secret)  # it differs")]
    assert lines(["x" * 100], ["x" * 100], reason="a new version") == [Line("!", "value: (as it is)  # a new version")]


def test_no_secret_is_in_them():
    ref = SecretRef(from_env="DB")
    found = lines({"a": Sealed("hunter2"), "b": "x" * 100}, {"a": Digested("digest", lambda _: ""), "b": [ref]})
    assert all("hunter" not in line.text and "digest" not in line.text for line in found)
    assert sum('"a": "(secret)"' in line.text for line in found) == 1
    assert lines(ABSENT, ref) == [Line("+", "value: (secret from_env DB)")]


def test_of_a_long_value_only_what_differs_is_shown():
    before = {f"key{n}": n for n in range(1000)}
    found = lines(before, {**before, "key500": "new"})
    assert [line for line in found if line.sign != " "] == [
        Line("-", '    "key500": 500,'),
        Line("+", '    "key500": "new",'),
    ]
    assert len(found) == 11
    shorter = [line for line in lines(before, dict(list(before.items())[:-1])) if line.sign != " "]
    assert sorted(line.text.strip() for line in shorter) == ['"key998": 998', '"key998": 998,', '"key999": 999']


def test_a_text_is_compared_by_its_lines():
    found = lines("one\ntwo\n" + "x" * 80, "one\nzwei\n" + "x" * 80)
    assert found[1:4] == [Line(" ", "  one"), Line("-", "  two"), Line("+", "  zwei")]


def test_values_without_end_take_few_lines():
    before, after = ({f"{side}{n}": {"list": [n] * 3, "text": "z" * 2_500} for n in range(500)} for side in ("a", "b"))
    found = lines(before, after)
    assert len(found) <= MOST_LINES + 2
    assert {line.sign for line in found} == {"-", "+", " "}
    assert max(len(line.text) for line in found) <= WIDEST_LINE + 2
    found = lines(["same"] * 390 + ["a"] + ["same"] * 390, ["other"] * 390 + ["b"] + ["same"] * 390)
    assert '    "a",' in [line.text for line in found if line.sign == "-"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=6) | st.dictionaries(st.text(max_size=5), inner, max_size=6),
    max_leaves=40,
)


@given(JSON, JSON)
@few(100)
def test_whatever_differs_is_in_them(before, after):
    found = lines(before, after)
    assert all(line.text.isprintable() and line.sign in "+-! " for line in found)
    if json.dumps(before) != json.dumps(after):
        assert {"+", "-"} & {line.sign for line in found}
    else:
        assert found[0].sign == "!"
