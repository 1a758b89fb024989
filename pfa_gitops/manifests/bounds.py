"""What one template may use up: rounds, calls, and the size of what it makes. Pure.

Python has many ways to make something large out of something small. So each value that a template makes is weighed,
and what multiplies is weighed before it is made.
"""

from collections.abc import Mapping
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
ITEM = 50
"""What a value weighs beside its characters."""


class Budget:
    """What the template that runs has used up."""

    def __init__(self) -> None:
        self.steps = 0
        self.work = 0

    def step(self) -> None:
        """One more round or call. Raises Refused."""
        self.steps += 1
        if self.steps > MAX_STEPS:
            raise Refused(f"the template's loops take more than {MAX_STEPS:,} rounds", "loop over less")

    def spend(self, characters: int) -> None:
        """Something of this weight is made. Raises Refused."""
        self.work += characters
        if characters > MAX_CHARACTERS or self.work > MAX_WORK:
            raise Refused("the template makes something too large", "use smaller values, or split the file")


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


class Watch(NodeTransformer):
    """Has the sandbox's filters `_counted`, `_weighed` and `_joined` watch what a template does."""

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

    visit_Mul = visit_List = visit_Dict = visit_Call = visit_Filter = visit_Add  # noqa: N815 - Jinja's naming

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
