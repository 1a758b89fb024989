"""Who holds a lock. Pure."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Holder:
    """Who holds a lock."""

    who: str
    """A person or a CI user, e.g. `ana`."""
    host: str
    since: str
    """ISO 8601, by the holder's clock."""
    command: str
    """What it does, e.g. `apply`."""
    url: str = ""
    """The CI run's page, where it is one."""
    process: str = ""
    """What tells the process from all others on its machine; empty where that cannot be told."""

    def __str__(self) -> str:
        place = f", {self.url}" if self.url else ""
        return f"{self.who}@{self.host} ({self.command}, since {self.since}{place})"
