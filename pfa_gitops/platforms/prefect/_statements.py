"""Which statements an import of a module runs, and what names they bind. Pure: the conditions are judged, never run."""

import ast
import sys
from collections.abc import Callable, Iterator, Mapping
from typing import Any

INSTALLED = frozenset({"prefect", "pydantic", "pydantic_core", "typing_extensions", "annotated_types"})
"""Besides the standard library, what is there wherever flows run."""
UNKNOWN = ast.Yield()
"""Stands for a value that is known only when the module runs."""
IF_MAIN = "__name__ == '__main__'"
COMPARED: Mapping[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Gt: lambda left, right: left > right,
    ast.GtE: lambda left, right: left >= right,
    ast.Lt: lambda left, right: left < right,
    ast.LtE: lambda left, right: left <= right,
}


def statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements of a module that are not in a function, those in `if`, `try` and `with` too.

    Of two branches the one that most likely runs comes last, so that its names win.
    """
    for statement in body:
        yield statement
        match statement:
            case ast.If(test=test, body=then, orelse=otherwise) if ast.unparse(test) != IF_MAIN:
                runs = _holds(test)
                yield from statements(otherwise if runs else then)
                yield from statements(then if runs else otherwise)
            case ast.If(orelse=otherwise):
                yield from statements(otherwise)
            case ast.Try():
                yield from _of_try(statement)
            case ast.With(body=inner):
                yield from statements(inner)


def _of_try(statement: ast.Try) -> Iterator[ast.stmt]:
    body = [*statements(statement.body), *statements(statement.orelse)]
    handlers = [inner for handler in statement.handlers for inner in statements(handler.body)]
    yield from [*handlers, *body] if all(map(_succeeds, statement.body)) else [*body, *handlers]
    yield from statements(statement.finalbody)


def _succeeds(statement: ast.stmt) -> bool:
    """Whether an import finds its module; what is no import is taken to succeed."""
    match statement:
        case ast.Import(names=names):
            return all(_is_installed(alias.name) for alias in names)
        case ast.ImportFrom(module=str(module), level=0):
            return _is_installed(module)
    return not isinstance(statement, ast.ImportFrom)


def _is_installed(module: str) -> bool:
    top = module.partition(".")[0]
    return top in sys.stdlib_module_names or top in INSTALLED


def _holds(test: ast.expr) -> bool:
    """Whether a condition is met. One that nobody can tell is."""
    match test:
        case ast.Constant(value=value):
            return bool(value)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return not _holds(operand)
        case ast.Name(id="TYPE_CHECKING") | ast.Attribute(attr="TYPE_CHECKING"):
            return False
        case ast.Compare(left=ast.Attribute(attr="version_info"), ops=[operator], comparators=[ast.Tuple(elts=parts)]):
            version = tuple(part.value for part in parts if isinstance(part, ast.Constant))
            compare = COMPARED.get(type(operator))
            return compare is None or compare(sys.version_info[: len(version)], version)
    return True


def assigned(statement: ast.stmt) -> Iterator[tuple[str, ast.expr]]:
    """The names that an assignment binds, each with its expression, or with UNKNOWN."""
    match statement:
        case ast.Assign(targets=targets, value=value):
            for target in targets:
                yield from _bound(target, value)
        case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
            yield name, value
        case ast.AugAssign(target=ast.Name(id=name) as target, op=operator, value=value):
            yield name, ast.BinOp(ast.Name(name, ast.Load()), operator, value)
        case ast.For() | ast.AsyncFor() | ast.While() | ast.Match():
            yield from _stored(statement)
        case ast.With(items=items):
            for item in items:
                if item.optional_vars is not None:
                    yield from _stored(item.optional_vars)
        case ast.Expr(value=value) | ast.If(test=value):
            yield from _stored(value)


def _bound(target: ast.expr, value: ast.expr) -> Iterator[tuple[str, ast.expr]]:
    match target, value:
        case ast.Name(id=name), _:
            yield name, value
        case ((ast.Tuple(elts=targets) | ast.List(elts=targets)), (ast.Tuple(elts=values) | ast.List(elts=values))) if (
            len(targets) == len(values) and not any(isinstance(item, ast.Starred) for item in (*targets, *values))
        ):
            for one, of_it in zip(targets, values, strict=True):
                yield from _bound(one, of_it)
        case _:
            yield from _stored(target)


def _stored(node: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    """Names that are bound to what nobody knows, e.g. those of a loop."""
    for inner in ast.walk(node):
        if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Store):
            yield inner.id, UNKNOWN
