import ast

import pytest

from pfa_gitops.platforms.prefect._local_types import make_class
from pfa_gitops.platforms.prefect._parameter_schema import (
    _is_plain,
    _model_schema,
    _parameters,
    _plain_schema,
    parameter_schema,
)
from pfa_gitops.platforms.prefect._static import Module

PLAIN = [
    "a",
    "a: int, b: str = 'x', *, c: float = 1.5, d: bool = True, e: int | str | None = None",
    "a: str | int = 1, b: int | str = 1",
    "a: list, b: dict, c: tuple, d: set = None, e: list[int] = None, f: dict[str, list[bool]] = None",
    "a: 'tuple[int, str]' = None, b: datetime.date = None, c: uuid.UUID = None, d: decimal.Decimal = 1",
    "copy: int = 1, _private: str = '', schema: str = None, *args, **kwargs",
    "a: int = 'no number', b: str = 3",
    "a: int, a='twice'",
]
HEAD = "import datetime, decimal, enum, uuid\nfrom pydantic import BaseModel\n"


@pytest.mark.parametrize("signature", PLAIN)
def test_a_plain_signature_has_the_schema_that_a_model_of_it_would_have(signature):
    tree = ast.parse(f"{HEAD}def f({signature}): ...")
    parameters = list(_parameters(Module(tree, make_class), tree.body[-1], {"a": "The first one."}))
    assert all(map(_is_plain, parameters))
    long_way = _model_schema(parameters)
    assert _plain_schema(parameters) == {"properties": long_way["properties"], "required": long_way.get("required", [])}
    assert "$defs" not in long_way


def test_a_type_of_the_module_or_a_default_that_json_does_not_know_is_not_plain():
    tree = ast.parse(
        f"{HEAD}class A(str, enum.Enum):\n    X = 'x'\ndef f(a: A, b: list['A'], c: bytes = b'', d=[1], e=A.X): ..."
    )
    parameters = list(_parameters(Module(tree, make_class), tree.body[-1], {}))
    assert not any(map(_is_plain, parameters))


def test_what_is_no_type_to_pydantic_takes_anything():
    tree = ast.parse("def f(a: dict[int], b: int): ...")
    schema = parameter_schema(Module(tree, make_class), tree.body[-1])
    assert schema["properties"]["a"] == {"position": 0, "title": "a"}
    assert schema["properties"]["b"] == {"position": 1, "title": "b", "type": "integer"}


def test_pydantics_warnings_of_the_readers_classes_are_not_shown(recwarn):
    tree = ast.parse(f"{HEAD}class P(BaseModel):\n    copy: int\n    schema: str\ndef f(p: P, copy: int = 1): ...")
    schema = parameter_schema(Module(tree, make_class), tree.body[-1])
    assert list(schema["definitions"]["P"]["properties"]) == ["copy", "schema"]
    assert not recwarn.list
