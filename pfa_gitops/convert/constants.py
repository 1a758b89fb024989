"""Values in a Python script, as far as they are known without running it. Pure."""

import ast
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

from pfa_gitops.platforms.prefect._static import Module, Unresolved

ENVIRON = "os.environ"
READS = frozenset({"os.getenv", "os.environ.get"})


class Script:
    """A script's names, those in its functions too, and its calls in the order in which they stand."""

    def __init__(self, tree: ast.Module) -> None:
        flat = list(_statements(tree.body))
        self.module = Module(ast.Module(flat, []))
        self.calls = sorted(
            (node for node in ast.walk(tree) if isinstance(node, ast.Call)),
            key=lambda call: (call.end_lineno or 0, call.end_col_offset or 0),
        )

    def class_of(self, expression: ast.expr) -> str | None:
        """The full name that an expression means, e.g. `prefect.filesystems.S3`."""
        return self.module.qualified(expression)

    def behind(self, expression: ast.expr) -> ast.expr:
        """What a name was assigned, or the expression itself."""
        for _ in range(10):
            if not isinstance(expression, ast.Name):
                break
            definition = self.module.defined.get(expression.id)
            if not isinstance(definition, ast.expr):
                break
            expression = definition
        return expression

    def value(self, expression: ast.expr) -> Any:
        """The value as a manifest has it: JSON's, and `${{ env.NAME }}` for a variable. Raises Unresolved."""
        expression = self.behind(expression)
        if (variable := self._variable(expression)) is not None:
            return f"${{{{ env.{variable} }}}}"
        match expression:
            case ast.Dict(keys=keys, values=values):
                return {str(self.value(key)): self.value(item) for key, item in zip(keys, values, strict=True) if key}
            case ast.List(elts=items) | ast.Tuple(elts=items) | ast.Set(elts=items):
                return [self.value(item) for item in items]
        return _plain(self.module.value(expression))

    def _variable(self, expression: ast.expr) -> str | None:
        """The environment variable that an expression reads."""
        match expression:
            case ast.Subscript(value=owner, slice=ast.Constant(value=str(name))) if self.class_of(owner) == ENVIRON:
                return name
            case ast.Call(func=function, args=[ast.Constant(value=str(name)), *_]) if self.class_of(function) in READS:
                return name
        return None


def _statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    for statement in body:
        yield statement
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
            yield from _statements(statement.body)
        elif isinstance(statement, ast.If | ast.With | ast.Try):
            yield from _statements([inner for inner in ast.iter_child_nodes(statement) if isinstance(inner, ast.stmt)])


def _plain(value: Any) -> Any:
    """A value of Python as JSON has it. A time without a zone is UTC, as Prefect 2 takes it."""
    if isinstance(value, timedelta):
        seconds = value.total_seconds()
        return int(seconds) if seconds.is_integer() else seconds
    if isinstance(value, datetime):
        return value.isoformat() + ("" if value.tzinfo else "Z")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, str | int | float | bool | None):
        return value
    raise Unresolved
