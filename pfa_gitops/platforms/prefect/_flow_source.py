"""Reads a flow's name, description and parameters from its source. Reads files below the root; runs none of them."""

import ast
import os
import stat
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path as FilePath
from typing import Any, NamedTuple

from pfa_gitops.model.closest import closest, did_you_mean
from pfa_gitops.platforms.bounded_files import read_bounded
from pfa_gitops.platforms.prefect._local_types import make_class
from pfa_gitops.platforms.prefect._parameter_schema import Function, parameter_schema
from pfa_gitops.platforms.prefect._statements import assigned, statements
from pfa_gitops.platforms.prefect._static import Definition, Module, Unresolved, parse

FLOW = frozenset({"prefect.flow", "prefect.flows.flow", "prefect.main.flow"})
MAKERS = FLOW | {"prefect.Flow", "prefect.flows.Flow"}
MAX_BYTES = 500_000
KEPT = 10_000
"""Flows that are remembered. Deployments that share one need not stand side by side."""


class SourceFlaw(Exception):
    """Why a flow cannot be read, and how to mend it."""

    def __init__(self, message: str, mend: str = "", *, absent: bool = False, unseen: bool = False) -> None:
        super().__init__(message)
        self.message = message
        self.mend = mend
        self.absent = absent
        """The project does not hold the file. It may come from elsewhere when the flow runs."""
        self.unseen = unseen
        """There is something of that name, and only running the file would tell whether it is a flow."""


class FlowSource(NamedTuple):
    """What the source says of a flow."""

    name: str | None
    """None: it is made when the file runs."""
    description: str | None
    schema: dict[str, Any]
    """The JSON Schema of the parameters, as Prefect stores it."""


class _Flow(NamedTuple):
    """A function that is a flow, and what its decorator says."""

    function: Function
    keywords: Sequence[ast.keyword]


def read_flow(root: FilePath, entrypoint: str) -> FlowSource:
    """Read the flow that `entrypoint` names: `flows/a.py:flow`, `flows/a.py:Class.flow` or `package.module:flow`.

    A module's flow may be named `package.module.flow`, too. Raises SourceFlaw.
    """
    place, separator, name = entrypoint.rpartition(":" if ":" in entrypoint else ".")
    if not place or not name:
        raise SourceFlaw(f"`{entrypoint}` is no entrypoint", "write it as `path/to/file.py:function`")
    is_file = separator == ":" and ("/" in place or place.endswith(".py"))
    file, status = _inside(root, place) if is_file else _module_file(root, place)
    if status.st_size > MAX_BYTES:
        raise SourceFlaw(f"{place} is larger than {MAX_BYTES // 1_000} kB", "move the flow to a file of its own")
    return _read(file, status.st_mtime_ns, status.st_size, place, name)


def _inside(root: FilePath, place: str) -> tuple[str, os.stat_result]:
    """The file at `place`, which must not lead out of the project, by `..` or by a link."""
    whole = _real(os.path.join(os.getcwd(), root))  # noqa: PTH109, PTH118 - pathlib takes ten times as long
    if (status := _status_without_links(whole, place)) is not None:
        return f"{whole}/{place}", status
    real = FilePath(whole)
    try:
        file = FilePath(os.path.realpath(real / place))
        status = _status(file)
    except (OSError, ValueError):  # a name that is too long, a null byte, a loop of links
        raise SourceFlaw(f"{place} cannot be read", "correct the path", absent=True) from None
    if not file.is_relative_to(real):
        mend = "name a file below the folder of pfa-gitops.yaml"
        raise SourceFlaw(f"{place} lies outside of the project", mend, absent=True)
    if status is None:
        beside = file.parent.glob("*.py") if file != real else ()
        near = closest(file.name, [item.name for item in beside])
        mend = f"did you mean `{(FilePath(place).parent / near).as_posix()}`?" if near else "correct the path"
        raise SourceFlaw(f"there is no file {place}", mend, absent=True)
    return str(file), status


@lru_cache
def _real(root: str) -> str:
    """The absolute root without links: asked for each of thousands of deployments."""
    return os.path.realpath(root)


def _status_without_links(real: str, place: str) -> os.stat_result | None:
    """What the system knows of a file to which no link and no `..` leads: the usual case. None where it is not that."""
    file, status = real, None
    for part in place.split("/"):
        if part in {"", ".", ".."}:
            return None
        file = f"{file}/{part}"
        try:
            status = os.lstat(file)
        except (OSError, ValueError):
            return None
        if stat.S_ISLNK(status.st_mode):
            return None
    return status if status is not None and stat.S_ISREG(status.st_mode) else None


def _status(file: FilePath) -> os.stat_result | None:
    """What the system knows of a file; None where there is none."""
    try:
        status = file.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    return status if stat.S_ISREG(status.st_mode) else None


def _module_file(root: FilePath, module: str) -> tuple[str, os.stat_result]:
    path = module.replace(".", "/")
    for place in (f"{path}.py", f"{path}/__init__.py"):
        try:
            return _inside(root, place)
        except SourceFlaw:
            continue
    raise SourceFlaw(f"there is no module {module} in the project", "write `path/to/file.py:function`", absent=True)


@lru_cache(maxsize=KEPT)
def _read(file: str, modified_ns: int, size: int, place: str, name: str) -> FlowSource:
    """Many deployments share a flow; the time and size of the file tell whether it is the same as before."""
    try:
        tree = parse(read_bounded(FilePath(file), MAX_BYTES))
    except SyntaxError as error:
        raise SourceFlaw(f"{place}:{error.lineno or 1} is not valid Python: {error.msg}", "correct the file") from None
    except (OSError, ValueError, RecursionError, MemoryError):
        raise SourceFlaw(f"{place} cannot be read as Python", "correct the file") from None
    try:
        return _found(tree, place, name)
    except (RecursionError, MemoryError):  # the parser takes deeper nesting than what walks the tree
        raise SourceFlaw(f"{place} is nested too deeply", "correct the file") from None


def _found(tree: ast.Module, place: str, name: str) -> FlowSource:
    module = Module(tree, make_class)
    flows = dict(_flows(module, tree))
    if name not in flows:
        raise _no_such_flow(module, place, name, list(flows))
    return _source(module, flows[name])


def _no_such_flow(module: Module, place: str, name: str, flows: list[str]) -> SourceFlaw:
    mend = f"the flows there are {', '.join(flows)}" if flows else "decorate a function with @flow"
    first = module.defined.get(name.partition(".")[0])
    if isinstance(first, ast.expr) or _is_decorated(first):
        message = f"{name} in {place} is not a flow, as far as the source tells"
        mend = "decorate a function with @flow; or write `flow_name`, and `parameter_openapi_schema`, into the manifest"
        return SourceFlaw(message, mend, unseen=True)
    if name in module.defined:
        mend = f"decorate it with @flow, or name a flow: {', '.join(flows)}" if flows else "decorate it with @flow"
        return SourceFlaw(f"{name} in {place} is not a flow", mend)
    return SourceFlaw(f"{place} has no flow {name}", did_you_mean(name, flows, mend))


def _is_decorated(definition: Definition | None) -> bool:
    return isinstance(definition, Function) and bool(definition.decorator_list)


def _flows(module: Module, tree: ast.Module) -> Iterator[tuple[str, _Flow]]:
    """Every flow of the module by the name that an entrypoint gives it."""
    found: dict[str, _Flow] = {}
    for statement in statements(tree.body):
        found.update(_decorated(module, statement, ""))
        for name, value in assigned(statement):
            if isinstance(value, ast.Call) and (flow := _made(module, value, found)):
                found[name] = flow
    yield from found.items()


def _decorated(module: Module, statement: ast.stmt, prefix: str) -> Iterator[tuple[str, _Flow]]:
    """The flow that a statement defines, or the flows that are a class's methods."""
    if isinstance(statement, ast.ClassDef):
        for member in statement.body:
            yield from _decorated(module, member, f"{prefix}{statement.name}.")
    if not isinstance(statement, Function):
        return
    function: Function = statement
    for decorator in function.decorator_list:
        call = decorator if isinstance(decorator, ast.Call) else None
        if module.qualified(call.func if call else decorator) in FLOW:
            yield prefix + function.name, _Flow(function, call.keywords if call else ())


def _made(module: Module, call: ast.Call, found: dict[str, _Flow]) -> _Flow | None:
    """The flow of `flow(f)`, `flow(name=…)(f)` or `f.with_options(name=…)`, or None for any other call."""
    match call:
        case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="with_options")) if name in found:
            changed = {keyword.arg for keyword in call.keywords}
            kept = [keyword for keyword in found[name].keywords if keyword.arg not in changed]
            return _Flow(found[name].function, [*kept, *call.keywords])
        case ast.Call(func=ast.Call(func=maker, keywords=keywords), args=[ast.Name(id=name)]):
            pass
        case ast.Call(func=maker, keywords=keywords, args=[ast.Name(id=name)]):
            pass
        case _:
            return None
    function = module.defined.get(name)
    if module.qualified(maker) in MAKERS and isinstance(function, Function):
        return _Flow(function, keywords)
    return None


def _source(module: Module, flow: _Flow) -> FlowSource:
    given = {keyword.arg: keyword.value for keyword in flow.keywords}
    name: str | None = flow.function.name.replace("_", "-")
    if "name" in given and not _is_nothing(given["name"]):
        name = _text(module, given["name"])
    description = ast.get_docstring(flow.function)
    if "description" in given and not _is_nothing(given["description"]):
        description = _text(module, given["description"])
    return FlowSource(name, description, parameter_schema(module, flow.function))


def _is_nothing(expression: ast.expr) -> bool:
    """Null and an empty text mean what leaving it out means."""
    return isinstance(expression, ast.Constant) and not expression.value


def _text(module: Module, expression: ast.expr) -> str | None:
    try:
        return module.text(expression)
    except Unresolved:
        return None
