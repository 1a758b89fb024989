"""Whether flow runs will start, for people and programs. Pure."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from pfa_gitops.model.chain import Chain, Link, Verdict
from pfa_gitops.views.ages import age
from pfa_gitops.views.values import printable, some_of

if TYPE_CHECKING:
    from pfa_gitops.views.terminal import Paint

SIGN = {Verdict.OK: "✓", Verdict.NOT: "✗", Verdict.UNKNOWN: "?"}
COLOUR = {Verdict.OK: "green", Verdict.NOT: "red", Verdict.UNKNOWN: "yellow"}
MOST_NAMES = 3
"""Deployments that one line names before it counts the others."""


class Alike(NamedTuple):
    """Deployments of which the same is to be said."""

    verdict: Verdict
    way: str
    """See `way`."""
    names: Sequence[str]

    def named(self, shown: Callable[[str], str]) -> str:
        """The first of the names, each as `shown` has it, and how many more there are."""
        return some_of(self.names, MOST_NAMES, shown)


def alike(chains: Iterable[Chain]) -> list[Alike]:
    """Put deployments together. Those whose runs do not start come first."""
    groups: dict[tuple[Verdict, str], list[str]] = {}
    for one in chains:
        groups.setdefault((one.verdict, way(one)), []).append(one.address.name)
    found = [Alike(verdict, text, names) for (verdict, text), names in groups.items()]
    return sorted(found, key=lambda one: one.verdict is not Verdict.NOT)


def show_chains(chains: Iterable[Chain], paint: "Paint") -> list[str]:
    """One line for all deployments of which the same is to be said."""
    return [
        f"  {paint(SIGN[one.verdict], COLOUR[one.verdict])} {one.named(printable)}: {one.way}" for one in alike(chains)
    ]


def show_chain(found: Chain, paint: "Paint") -> str:
    """One deployment's line, below its status."""
    told = "will not run" if found.verdict is Verdict.NOT else "will run"
    return f"{paint(f'{SIGN[found.verdict]} {told}', COLOUR[found.verdict])}: {way(found)}"


def way(found: Chain) -> str:
    """A chain on one line: the broken links with their reasons; where none is broken, the whole way."""
    if broken := found.having(Verdict.NOT):
        return "; ".join(_reason(link) for link in broken)
    return " → ".join(_steps(found)) + "".join(f"; {_reason(link)}" for link in found.having(Verdict.UNKNOWN))


def _reason(link: Link) -> str:
    return f"{link.part}: {printable(link.reason)}"


def _steps(found: Chain) -> Iterator[str]:
    """Each part once, with what is worth its place: when a worker was heard last."""
    by_part: dict[str, list[Link]] = {}
    for link in found.links:
        by_part.setdefault(link.part, []).append(link)
    for part, links in by_part.items():
        unknown = "?" if any(link.verdict is Verdict.UNKNOWN for link in links) else ""
        since = next((f" ({age(link.since)} ago)" for link in links if link.since), "")
        yield f"{part}{unknown}{since}"


def chains_json(chains: Sequence[Chain]) -> list[dict[str, Any]]:
    """Each deployment with its verdict and all its links, in the order of the way."""
    return [
        {
            "address": str(one.address),
            "verdict": one.verdict.value,
            "links": [_link(link) for link in one.links],
        }
        for one in chains
    ]


def _link(link: Link) -> dict[str, Any]:
    return {
        "part": link.part.value,
        "verdict": link.verdict.value,
        "reason": link.reason,
        "about": str(link.about),
        "age_seconds": round(link.since.age_seconds, 1) if link.since else None,
    }
