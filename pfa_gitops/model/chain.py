"""What a flow run needs to start, link by link, and whether it is there. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from pfa_gitops.model.places import Address
from pfa_gitops.model.status import Moment


class Part(StrEnum):
    """What a link is about, in the order in which a run meets it."""

    DEPLOYMENT = "deployment"
    QUEUE = "queue"
    POOL = "pool"
    WORKER = "worker"
    AGENT = "agent"
    CONFIGURATION = "configuration"  # what the run's job is made of, and where its code comes from
    IMAGE = "image"
    COMPUTE_CONFIG = "compute config"
    SECRETS = "secrets"
    CONCURRENCY = "concurrency"


_ORDER = {part: index for index, part in enumerate(Part)}


class Verdict(StrEnum):
    """Whether a run gets past a link."""

    OK = "ok"
    NOT = "not"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Link:
    """What one object says of the runs that need it."""

    part: Part
    verdict: Verdict
    reason: str
    """In a few words, e.g. `the pool anyscale is paused`."""
    about: Address
    """The object. It need not be a manifest's."""
    item: str | None = None
    """The one of its items that it is about, e.g. a queue's name; None: it holds for all."""
    since: Moment | None = None
    """When that was last seen, e.g. a worker's heartbeat."""


@dataclass(frozen=True)
class Chain:
    """All links of one deployment, in the order of the way."""

    address: Address
    links: tuple[Link, ...]

    @property
    def verdict(self) -> Verdict:
        """That of the weakest link."""
        found = {link.verdict for link in self.links}
        return next((one for one in (Verdict.NOT, Verdict.UNKNOWN) if one in found), Verdict.OK)

    def having(self, verdict: Verdict) -> tuple[Link, ...]:
        """The links of one verdict."""
        return tuple(link for link in self.links if link.verdict is verdict)


def chain(address: Address, links: Iterable[Link]) -> Chain:
    """The chain of these links, each once."""
    ordered = sorted(dict.fromkeys(links), key=lambda link: (_ORDER[link.part], link.about, link.item or ""))
    return Chain(address, tuple(ordered))
