"""The name of a deployment's flow: from its source where that is there, else the likeliest one. Reads sources only."""

from collections.abc import Callable
from pathlib import Path as FilePath

from pfa_gitops.convert.sources import Source, Sources, Unknown, default_name

Tell = Callable[[str, str], None]
"""Notes what the reader must fill in: what, and how."""


class FlowNames:
    """Names flows for the manifests of a project in `output`."""

    def __init__(self, sources: Sources, output: FilePath) -> None:
        self._sources = sources
        self._output = output.resolve()

    def source(self, entrypoint: str) -> Source | Unknown:
        """The flow's source, or why it is not known."""
        return self._sources.find(entrypoint)

    def sees(self, source: Source | Unknown) -> bool:
        """Whether the project that the manifests are written to holds the source, and so reads it by itself."""
        return isinstance(source, Source) and source.root == self._output

    def default(self, given: str | None, entrypoint: str) -> str:
        """A name to tell deployments apart by."""
        source = self.source(entrypoint)
        return (source.flow.name if isinstance(source, Source) else None) or given or default_name(entrypoint)

    def to_write(self, entrypoint: str, given: str | None, source: Source | Unknown, tell: Tell) -> str | None:
        """The `flow_name` of the manifest; None where the project reads it from the source."""
        if isinstance(source, Source) and source.flow.name is not None:
            if self.sees(source):
                return None
            message = "the flow's source is not in the project's folder, so that its parameters are not known there"
            tell(message, f"convert with `--output {source.root}`, or put pfa-gitops.yaml there")
            return source.flow.name
        name = given or default_name(entrypoint)
        why = "taken from the file" if given else "made of the function's name"
        missing = source.message if isinstance(source, Unknown) else "the flow's name is no constant"
        tell(f"{missing}: `flow_name: {name}` is {why}", "correct it, where the decorator says @flow(name=…)")
        return name

    def description(self, source: Source | Unknown) -> str | None:
        """The flow's description, where the project cannot read it by itself."""
        return source.flow.description if isinstance(source, Source) and not self.sees(source) else None
