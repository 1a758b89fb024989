"""Flows' sources beside the file that is converted: their names, read from the syntax tree. Reads files only."""

from dataclasses import dataclass
from pathlib import Path as FilePath

from pfa_gitops.platforms.prefect._flow_source import FlowSource, SourceFlaw, read_flow


@dataclass(frozen=True)
class Source:
    """A flow that was found."""

    root: FilePath
    """The folder that the entrypoint is relative to."""
    flow: FlowSource


@dataclass(frozen=True)
class Unknown:
    """Why nothing is known of a flow's source."""

    message: str


class Sources:
    """Finds flows by entrypoint below the file's folder, or below one above it in the same checkout."""

    def __init__(self, folder: FilePath) -> None:
        self._roots = list(_upwards(folder.resolve()))

    def find(self, entrypoint: str) -> Source | Unknown:
        """The flow, or why it is not known: its file is in none of the folders, or holds no such flow."""
        for root in self._roots:
            try:
                return Source(root, read_flow(root, entrypoint))
            except SourceFlaw as flaw:
                if not flaw.absent:
                    return Unknown(flaw.message)
        place = entrypoint.rpartition(":" if ":" in entrypoint else ".")[0]
        return Unknown(f"{place} is not here")


def _upwards(folder: FilePath) -> list[FilePath]:
    """The folder, and those above it up to the checkout's root; outside of a checkout the folder alone."""
    above = [folder, *folder.parents]
    top = next((index for index, place in enumerate(above) if (place / ".git").exists()), 0)
    return above[: top + 1]


def default_name(entrypoint: str) -> str:
    """What Prefect calls a flow whose decorator gives it no name."""
    return entrypoint.rpartition(":" if ":" in entrypoint else ".")[2].rpartition(".")[2].replace("_", "-")
