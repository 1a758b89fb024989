"""What the fields of a model say of themselves: the docstrings below them, read from the source when somebody asks.

pydantic would read them whenever a class is made (`use_attribute_docstrings`): 0.1 s of each command, while only
schemas and messages about a field show them.
"""

import ast
import inspect
import textwrap
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import pairwise

from pydantic import BaseModel


@cache
def descriptions(model: type[BaseModel]) -> Mapping[str, str]:
    """The docstring of each field that has one, by the field's name. A field of a base keeps that one's."""
    found: dict[str, str] = {}
    for owner in reversed(model.__mro__):
        if issubclass(owner, BaseModel) and owner is not BaseModel:
            found |= dict(_docstrings(owner))
    return found


def _docstrings(owner: type[BaseModel]) -> Iterator[tuple[str, str]]:
    """Nothing where the source is not at hand, as in a program that was put into one file."""
    try:
        source = inspect.getsource(owner)
    except (OSError, TypeError):
        return
    (definition,) = ast.parse(textwrap.dedent(source)).body
    assert isinstance(definition, ast.ClassDef)  # noqa: S101 - for mypy: the source of a class
    for field, below in pairwise(definition.body):
        match field, below:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                yield name, inspect.cleandoc(text)
