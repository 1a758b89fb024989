from typing import Any

import pytest

from pfa_gitops.engine.diff import diff, same
from pfa_gitops.model.places import Address
from pfa_gitops.model.secrets import Sealed, SecretRef
from pfa_gitops.model.values import ABSENT, Action, Key, Live, Manifest, NamedSpec, Spec
from pfa_gitops.platforms.base import FieldRules, Keyed


class Item(Spec):
    name: str | None = None
    size: int | None = None
    note: str | None = "as the platform fills it in"


class Thing(Spec):
    type: str = "a"
    size: float | None = None
    free: dict[str, Any] = {}
    tags: list[str] = []
    steps: list[Any] = []
    items: list[Item] = []
    owned: list[Item] = []
    nested: Item | None = None
    blob: Any = None


RULES = FieldRules(
    immutable=frozenset({"type"}),
    keyed={"items": Keyed("name", exclusive=False), "owned": Keyed("name")},
    unordered=frozenset({"tags"}),
    whole=frozenset({"blob"}),
)
KEY = Key("Thing", "x")


def changes(desired: dict[str, Any], live: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    change = diff(_manifest(desired), Live(KEY, Thing(**live), "id"), RULES)
    return {".".join(map(str, field.path)): (field.before, field.after) for field in change.fields}


def _manifest(spec: dict[str, Any]) -> Manifest[Thing]:
    return Manifest(Address("Thing", "x"), Thing(**spec), KEY)


@pytest.mark.parametrize(
    ("desired", "live", "expected"),
    [
        pytest.param({}, {"size": 4, "tags": ["a"]}, {}, id="what the manifest leaves out is not ours"),
        pytest.param({"size": 4}, {"size": 4.0}, {}, id="4 and 4.0 are one number"),
        pytest.param({"size": None}, {"size": 4}, {"size": (4.0, None)}, id="null clears"),
        pytest.param({"free": {"a": 1}}, {"free": {"a": True}}, {"free.a": (True, 1)}, id="1 is not true"),
        pytest.param({"free": {"a": {}}}, {"free": {}}, {"free.a": (ABSENT, {})}, id="empty is not absent"),
        pytest.param({"free": {}}, {"free": {"a": 1}}, {"free.a": (1, ABSENT)}, id="a free mapping is wholly ours"),
        pytest.param({"free": {"_x": 1}}, {"free": {"_x": 2}}, {"free._x": (2, 1)}, id="private names count"),
        pytest.param({"free": {"__x": 1}}, {"free": {"__x": 2}}, {"free.__x": (2, 1)}, id="dunder names count"),
        pytest.param({"free": {"a.b": 1}}, {"free": {"a.b": 2}}, {"free.a.b": (2, 1)}, id="a dot in a key"),
        pytest.param(
            {"steps": [True, 2]}, {"steps": [1, 2]}, {"steps": ([1, 2], [True, 2])}, id="true is not 1 in a list"
        ),
        pytest.param(
            {"free": {"a": [True]}}, {"free": {"a": [1]}}, {"free": ({"a": [1]}, {"a": [True]})}, id="nor deeper"
        ),
        pytest.param({"tags": ["b", "a"]}, {"tags": ["a", "b"]}, {}, id="order of unordered"),
        pytest.param(
            {"tags": ["a", "b", "a"]}, {"tags": ["a", "b"]}, {"tags": (["a", "b"], ["a", "a", "b"])}, id="doubles count"
        ),
        pytest.param({"steps": [1, 2]}, {"steps": [2, 1]}, {"steps": ([2, 1], [1, 2])}, id="order of ordered"),
        pytest.param(
            {"steps": [{"a": 1}, {"b": 2}]}, {"steps": [{"a": 1}]}, {"steps.1": (ABSENT, {"b": 2})}, id="a step more"
        ),
        pytest.param(
            {"items": [{"name": "q", "size": 2}]},
            {"items": [{"name": "other", "size": 9}, {"name": "q", "size": 1, "note": "theirs"}]},
            {"items.q.size": (1, 2)},
            id="keyed, unnamed fields and foreign items left alone",
        ),
        pytest.param(
            {"owned": []},
            {"owned": [{"name": "q", "size": 1}]},
            {"owned.q": ({"name": "q", "size": 1}, ABSENT)},
            id="exclusive list",
        ),
        pytest.param(
            {"owned": [{"name": "q"}]},
            {"owned": [{"name": None, "size": 1}]},
            {"owned.q": (ABSENT, {"name": "q"}), "owned.#0": ({"name": None, "size": 1}, ABSENT)},
            id="a live item without a key",
        ),
        pytest.param(
            {"nested": {"size": 1}}, {"nested": {"size": 1, "name": "n"}}, {}, id="unnamed field of a nested spec"
        ),
        pytest.param({"nested": {"size": 1}}, {}, {"nested": (None, {"size": 1})}, id="nested where there was none"),
        pytest.param(
            {"blob": {"a": {"b": 1}}},
            {"blob": {"a": {"b": 2}}},
            {"blob": ({"a": {"b": 2}}, {"a": {"b": 1}})},
            id="whole",
        ),
        pytest.param(
            {"free": {"s": SecretRef(from_env="X")}}, {"free": {"s": {"from_env": "X"}}}, {}, id="references by place"
        ),
        pytest.param({"free": {"s": Sealed("v")}}, {"free": {"s": Sealed("v")}}, {}, id="equal secrets"),
    ],
)
def test_difference(desired, live, expected):
    assert changes(desired, live) == expected


@pytest.mark.parametrize("written", [{"name": None}, {"name": "x"}, {}])
def test_a_name_is_the_key_and_never_a_difference(written):
    class Called(NamedSpec):
        size: int = 1

    desired = Manifest(Address("Thing", "x"), Called(size=1, **written), KEY)
    assert diff(desired, Live(KEY, Called.model_construct(name="X", size=1), "id"), RULES).action is Action.NONE
    assert desired.platform_name == "x"


def test_secrets_differ_as_one_value_and_show_nothing():
    desired, live = {"s": Sealed("hunter2"), "t": 1}, {"s": Sealed("hunter3"), "t": 1}
    [field] = diff(_manifest({"free": desired}), Live(KEY, Thing(free=live), "id"), RULES).fields
    assert field.path == ("free", "s")
    assert field.reason == "the stored secret differs"
    assert "hunter" not in repr(field)


def test_a_secret_in_place_of_nothing_is_one_change():
    assert list(changes({"free": {"s": Sealed("v")}}, {"free": {}})) == ["free.s"]


def test_an_immutable_field_replaces():
    change = diff(_manifest({"type": "b", "size": 1}), Live(KEY, Thing(type="a", size=2), "id"), RULES)
    assert change.action is Action.REPLACE
    assert change.changed == {"type", "size"}


def test_create_lists_what_is_set():
    change = diff(_manifest({"size": 1, "nested": None}), None, RULES)
    assert change.action is Action.CREATE
    assert [(field.path, field.before, field.after) for field in change.fields] == [(("size",), ABSENT, 1.0)]


def test_same_is_strict_about_booleans_at_any_depth():
    assert not same([{"a": 0}], [{"a": False}])
    assert same([{"a": 0}], [{"a": 0.0}])
