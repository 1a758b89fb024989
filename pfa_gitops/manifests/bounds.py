"""What templates may use up: rounds, calls, what they look through, and the size of what they make. Pure.

Python has many ways to make something large out of something small. So each value that a template makes is weighed,
and what multiplies is weighed before it is made. What only looks through a value, as `in` and `sum` do, takes time
without making anything; so what is looked through is counted, too.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from jinja2 import nodes
from jinja2.exceptions import TemplateSyntaxError
from jinja2.sandbox import SandboxedEnvironment
from jinja2.visitor import NodeTransformer

from pfa_gitops.manifests.names import Refused

MAX_STEPS = 100_000
"""Rounds of all loops of one template, and calls, together."""
MAX_CHARACTERS = 5_000_000
"""Of one value, or of a file."""
MAX_WORK = 10 * MAX_CHARACTERS
"""Of all values that one template makes on its way, together."""
MAX_SEEN = 500_000
"""Values that one template looks through, with filters, tests, comparisons and calls. Of a text, 50 characters count
as one."""
MAX_SOURCE = 1_000_000
"""Characters of all different templates of a project: to compile them takes time. Each counts for at least 50."""
TIMES = 5
"""All templates of a project together may use up this many times what one may."""
LEAST_SOURCE = 50
ITEM = 50
"""What a value weighs beside its characters."""


class Budget:
    """What the template that runs has used up, and all templates before it."""

    def __init__(self) -> None:
        self._steps = self._work = self._seen = 0
        self._all_steps = self._all_work = self._all_seen = self._source = 0

    def begin(self) -> None:
        """The next template runs."""
        self._all_steps += self._steps
        self._all_work += self._work
        self._all_seen += self._seen
        self._steps = self._work = self._seen = 0

    def compile(self, source: str) -> None:
        """A template that was not met before is to be compiled. Raises Refused."""
        self._source += max(len(source), LEAST_SOURCE)
        if self._source > MAX_SOURCE:
            raise Refused("the project has too many templates", "write values out, or split the project")

    def step(self) -> None:
        """One more round or call. Raises Refused."""
        self._steps += 1
        if self._steps > MAX_STEPS:
            raise Refused(f"the template's loops take more than {MAX_STEPS:,} rounds", "loop over less")
        if self._all_steps + self._steps > TIMES * MAX_STEPS:
            message = f"the loops of all templates together take more than {TIMES * MAX_STEPS:,} rounds"
            raise Refused(message, "loop over less, or split the project")

    def spend(self, characters: int) -> None:
        """Something of this weight is made. Raises Refused."""
        self._work += characters
        if characters > MAX_CHARACTERS or self._work > MAX_WORK:
            raise Refused("the template makes something too large", "use smaller values, or split the file")
        if self._all_work + self._work > TIMES * MAX_WORK:
            raise Refused("all templates together make something too large", "use smaller values, or split the project")

    def see(self, values: int) -> None:
        """So many values are looked through. Raises Refused."""
        self._seen += values
        if self._seen > MAX_SEEN or self._all_seen + self._seen > TIMES * MAX_SEEN:
            raise Refused("the template looks through too many values", "loop over less, or use smaller values")

    def counted(self, items: Iterator[Any]) -> Iterator[Any]:
        """The same items; each that is taken counts."""
        for item in items:
            self.see(breadth(item))
            yield item


def weight(value: Any) -> int:
    """How much `value` is with all that it holds, in characters. Raises Refused beyond the bound.

    What stands in it several times counts several times, as it will be written several times.
    """
    total, pending = 0, [value]
    while pending:
        item = pending.pop()
        total += ITEM + (len(item) if isinstance(item, str) else 0)
        if total > MAX_CHARACTERS:
            raise Refused("the template makes something too large", "use smaller values, or split the file")
        if isinstance(item, Mapping):
            pending.extend(item.keys())
            pending.extend(item.values())
        elif isinstance(item, list | tuple):
            pending.extend(item)
    return total


def breadth(value: Any) -> int:
    """How many values `value` holds at any depth, itself included; of a text, each 50 characters count as one."""
    total, pending = 0, [value]
    while pending:
        item = pending.pop()
        total += 1 + (len(item) // ITEM if isinstance(item, str) else 0)
        if total > MAX_SEEN:
            break
        if isinstance(item, dict):
            pending.extend(item.values())
        elif isinstance(item, list | tuple):
            pending.extend(item)
        elif isinstance(item, range):
            total += len(item)
    return total


class Watch(NodeTransformer):
    """Has the sandbox's filters `_counted`, `_weighed`, `_joined` and `_seen` watch what a template does."""

    def __init__(self, environment: SandboxedEnvironment) -> None:
        self._environment = environment

    def visit_For(self, node: nodes.For) -> nodes.Node:  # noqa: N802 - Jinja's naming
        """Each round counts."""
        if node.recursive:
            raise TemplateSyntaxError("a loop cannot be recursive", node.lineno)
        self.generic_visit(node)
        node.iter = self._through("_counted", node.iter)
        return node

    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:  # noqa: N802 - Jinja's naming
        """`a ~ b` is weighed before it is made."""
        self.generic_visit(node)
        return self._through("_joined", nodes.List(node.nodes, lineno=node.lineno))

    def visit_Add(self, node: Any) -> nodes.Node:  # noqa: N802 - Jinja's naming
        """What these make is weighed."""
        self.generic_visit(node)
        return self._through("_weighed", node)

    visit_Mul = visit_List = visit_Dict = visit_Add  # noqa: N815 - Jinja's naming

    def visit_Filter(self, node: nodes.Filter) -> nodes.Node:  # noqa: N802 - Jinja's naming
        """What it looks through counts, and what it makes is weighed."""
        self.generic_visit(node)
        if node.node is not None:  # a block has none: what it put out was weighed
            node.node = self._through("_seen", node.node)
        node.args = [self._through("_seen", argument) for argument in node.args]
        return self._through("_weighed", node)

    def visit_Test(self, node: nodes.Test) -> nodes.Node:  # noqa: N802 - Jinja's naming
        """What it looks through counts."""
        self.generic_visit(node)
        if node.name not in {"defined", "undefined"}:  # these ask for the name itself
            node.node = self._through("_seen", node.node)
            node.args = [self._through("_seen", argument) for argument in node.args]
        return node

    def visit_Compare(self, node: nodes.Compare) -> nodes.Node:  # noqa: N802 - Jinja's naming
        """`a in b` and `a == b` may have to look through all of both."""
        self.generic_visit(node)
        node.expr = self._through("_seen", node.expr)
        for operand in node.ops:
            operand.expr = self._through("_seen", operand.expr)
        return node

    def visit_Call(self, node: nodes.Call) -> nodes.Node:  # noqa: N802 - Jinja's naming
        """A method looks through what it belongs to, and through what it is given."""
        self.generic_visit(node)
        if isinstance(node.node, nodes.Getattr | nodes.Getitem):
            node.node.node = self._through("_seen", node.node.node)
        node.args = [self._through("_seen", argument) for argument in node.args]
        return self._through("_weighed", node)

    def visit_Getitem(self, node: nodes.Getitem) -> nodes.Node:  # noqa: N802 - Jinja's naming
        """`a[1:]` makes a copy of a part."""
        self.generic_visit(node)
        return self._through("_weighed", node) if isinstance(node.arg, nodes.Slice) else node

    def visit_Tuple(self, node: nodes.Tuple) -> nodes.Node:  # noqa: N802 - Jinja's naming
        """Not where it is assigned to."""
        self.generic_visit(node)
        return self._through("_weighed", node) if node.ctx == "load" else node

    def visit_CallBlock(self, node: nodes.CallBlock) -> nodes.Node:  # noqa: N802 - Jinja's naming
        """Jinja needs the bare call there; what it gives is weighed when it is put out."""
        call = node.call
        self.generic_visit(node)
        node.call = call
        return node

    def _through(self, name: str, node: Any) -> nodes.Filter:
        watched = nodes.Filter(node, name, [], [], None, None, lineno=node.lineno)
        watched.set_environment(self._environment)
        return watched
