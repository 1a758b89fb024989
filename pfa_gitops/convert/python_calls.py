"""The calls of a script and their arguments. Pure."""

import ast
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from pfa_gitops.convert.constants import Script
from pfa_gitops.convert.templates import GONE
from pfa_gitops.convert.values import Report, Sort
from pfa_gitops.model.places import Address, Origin
from pfa_gitops.platforms.prefect._static import Unresolved


class Found(NamedTuple):
    """A block that a script names."""

    kind: str
    """The class's own name, e.g. `S3`."""
    name: str | None
    """What it is saved as; None where it is made on the spot."""
    call: ast.Call | None
    """Where it is made."""


@dataclass(frozen=True)
class Context:
    """What all parts of a script's conversion share."""

    script: Script
    file: str
    report: Report

    def origin(self, node: ast.expr) -> Origin:
        """Where a piece of the script stands."""
        return Origin(self.file, node.lineno, node.col_offset + 1)

    def note(self, sort: Sort, message: str, mend: str, node: ast.expr, address: Address | None = None) -> None:
        """Add a remark."""
        self.report.note(sort, message, mend, self.origin(node), address)

    def block(self, expression: ast.expr) -> Found | None:
        """The block that an expression means; None where nobody knows."""
        call = self.script.behind(expression)
        if not isinstance(call, ast.Call):
            return None
        if isinstance(call.func, ast.Attribute) and call.func.attr == "load":
            name = Arguments(call, self, ("name",), None).text("name")
            kind = (self.script.class_of(call.func.value) or "").rpartition(".")[2]
            return Found(kind, name, None) if name and kind else None
        kind = (self.script.class_of(call.func) or "").rpartition(".")[2]
        return Found(kind, None, call) if kind[:1].isupper() else None


@dataclass
class Arguments:
    """The arguments of one call, by name."""

    call: ast.Call
    context: Context
    positional: Sequence[str]
    """The names of those without one."""
    address: Address | None
    _asked: set[str] = field(default_factory=set)

    def expression(self, name: str) -> ast.expr | None:
        """The argument as it is written; None where it is not given."""
        self._asked.add(name)
        return self._all.get(name)

    @property
    def _all(self) -> dict[str, ast.expr]:
        given = dict(zip(self.positional, self.call.args, strict=False))
        return {**given, **{word.arg: word.value for word in self.call.keywords if word.arg}}

    def value(self, name: str) -> Any:
        """The argument's value; None where it is not given, GONE, with a remark, where nobody knows it."""
        expression = self.expression(name)
        if expression is None:
            return None
        try:
            value = self.context.script.value(expression)
        except Unresolved:
            message = f"`{name}` is not known without running the script"
            self.note(Sort.LOST, message, "write it into the manifest by hand", name)
            return GONE
        self.context.report.env.update(_variables(value))
        return value

    def text(self, name: str) -> str | None:
        """The argument where it is a constant text."""
        expression = self.expression(name)
        try:
            value = None if expression is None else self.context.script.value(expression)
        except Unresolved:
            return None
        return value if isinstance(value, str) and value else None

    def origin(self, name: str) -> Origin | None:
        """Where an argument stands."""
        expression = self._all.get(name)
        return self.context.origin(expression) if expression is not None else None

    def note(self, sort: Sort, message: str, mend: str, name: str) -> None:
        """Add a remark on an argument."""
        self.context.note(sort, message, mend, self._all.get(name, self.call), self.address)

    def tell(self, name: str) -> Callable[[str, str], None]:
        """What adds remarks of what is to be filled in."""
        return lambda message, mend: self.note(Sort.OPEN, message, mend, name)

    def report_rest(self, unsaid: Collection[str]) -> None:
        """Say which arguments were not looked at."""
        for name in self._all:
            if name not in self._asked and name not in unsaid:
                self.note(Sort.LOST, f"`{name}` is not carried over", "see the manifest's reference", name)
        for word in self.call.keywords:
            if word.arg is None:
                message = "`**` arguments are not known without running the script"
                self.context.note(Sort.LOST, message, "write them out", word.value, self.address)


def _variables(value: Any) -> set[str]:
    """The environment variables that templates in a value read."""
    if isinstance(value, str):
        return {value.removeprefix("${{ env.").removesuffix(" }}")} if value.startswith("${{ env.") else set()
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return {name for item in inner for name in _variables(item)}
