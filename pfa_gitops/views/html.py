"""A plan as one HTML file that needs nothing else: no network, no other file. Pure, but for reading `page/`.

Foreign text is escaped by the template, and made printable before. A Content-Security-Policy lets only our own style
and script run, by their digests: if anything broke out all the same, it would be text without effect.
"""

import base64
import hashlib
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from pfa_gitops.model.contract import ContractChange
from pfa_gitops.model.places import Address
from pfa_gitops.model.values import Action, Change, Plan
from pfa_gitops.views.chains import SIGN as CHAIN_SIGN
from pfa_gitops.views.chains import alike
from pfa_gitops.views.contract import in_words
from pfa_gitops.views.difference import Line, difference
from pfa_gitops.views.graph import plan_graph
from pfa_gitops.views.svg import svg
from pfa_gitops.views.terminal import SIGN, show_runs
from pfa_gitops.views.values import printable
from pfa_gitops.views.verdicts import broken
from pfa_gitops.views.weight import by_weight, risk_words

MOST_NODES = 150
"""Objects in the graph: a page has more room than a comment."""
_DIFF_CLASS = {"+": "add", "-": "del", "!": "same", " ": "ctx"}


class Row(NamedTuple):
    """One object on the page."""

    id: str
    address: Address
    action: str
    sign: str
    adopts: bool
    risks: Sequence[str]
    runs: str
    lines: Sequence[Line]
    contract: Sequence[ContractChange]


class Group(NamedTuple):
    """Rows below one heading."""

    heading: str
    rows: Sequence[Row]


def plan_html(plan: Plan, project: str) -> str:
    """Return the page: summary, filter, a diff per object, graph."""
    groups = by_weight(change for change in plan.changes if change.action is not Action.NONE or change.adopts)
    numbers = {change.address: f"c{n}" for n, change in enumerate(c for _, group in groups for c in group)}
    graph = plan_graph(plan, MOST_NODES)
    links = {address: f"#{number}" for address, number in numbers.items()}
    drawn = svg(graph, links=links, label="Graph of what changes") if graph.edges else ""
    style, script = page_file("plan.css") + page_file("graph.css"), page_file("plan.js")
    page: str = _template().render(
        plan=plan,
        project=project,
        counts={**{action.value: plan.count(action) for action in SIGN}, "unchanged": plan.count(Action.NONE)},
        runs=show_runs(plan.affected),
        policies=broken(plan.verdicts),
        chains=alike(plan.chains),
        chain_sign=CHAIN_SIGN,
        groups=[Group(weight.value, [_row(change, numbers) for change in group]) for weight, group in groups],
        unchanged=sorted(str(one.address) for one in plan.changes if one.action is Action.NONE and not one.adopts),
        graph=Markup(drawn),  # noqa: S704 - `svg` escapes
        left_out=graph.left_out,
        style=Markup(style),  # noqa: S704 - our own file
        script=Markup(script),  # noqa: S704 - the same
        policy=policy(style, script),
        diff_class=_DIFF_CLASS,
    )
    return page


def _row(change: Change, numbers: Mapping[Address, str]) -> Row:
    return Row(
        numbers[change.address],
        change.address,
        change.action.value if change.action is not Action.NONE else "adopt",
        SIGN.get(change.action, "="),
        change.adopts,
        risk_words(change),
        show_runs(change.impact),
        difference(change),
        change.contract,
    )


def policy(style: str, script: str) -> str:
    """What the page may do: use this style and this script, and reach nothing."""
    ours = f"style-src {_digest(style)}; script-src {_digest(script)}"
    return f"default-src 'none'; {ours}; base-uri 'none'; form-action 'none'"


def _digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


@cache
def page_file(name: str) -> str:
    """One of our own files for pages."""
    return (files(__package__) / "page" / name).read_text("utf-8")


@cache
def _template() -> Any:
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    shown: Callable[[object], str] = lambda value: printable(str(value))  # noqa: E731 - a filter of one expression
    environment.filters |= {"shown": shown, "in_words": in_words}
    return environment.from_string(page_file("plan.html.j2"))
