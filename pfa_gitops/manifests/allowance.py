"""How much one project may hold and ask for: its manifests may be a stranger's. Pure.

The numbers are far above what people write: a deployment has some 80 values and keys.
"""

from pfa_gitops.model.errors import Problem, ProblemsFound
from pfa_gitops.model.places import Origin

MAX_FILES = 10_000
"""Of manifests."""
MAX_BYTES = 50_000_000
"""Of all files together; `load` has the bound of one."""
MAX_DOCUMENTS = 20_000
MAX_VALUES = 500_000
"""Values and keys of all documents, after aliases, templates and overrides."""
MAX_COMPARED = 10_000_000
"""Names that overrides are held against, and places that they copy."""


def _exceeded(message: str, origin: Origin | None, mend: str = "split the project") -> ProblemsFound:
    return ProblemsFound([Problem(message, mend, origin)])


class Allowance:
    """What is left for one project. Where it asks for more, nothing else is looked at: ProblemsFound is raised."""

    def __init__(self) -> None:
        self._bytes = self._files = self._documents = self._values = self._compared = 0

    def file(self, size: int, origin: Origin) -> None:
        """A file of this size is read."""
        self._files += 1
        self._bytes += size
        if self._files > MAX_FILES:
            raise _exceeded(f"the project has more than {MAX_FILES:,} files of manifests", origin)
        if self._bytes > MAX_BYTES:
            raise _exceeded(f"the manifests are larger than {MAX_BYTES // 1_000_000} MB together", origin)

    def document(self, origin: Origin) -> None:
        """One more document."""
        self._documents += 1
        if self._documents > MAX_DOCUMENTS:
            raise _exceeded(f"the project has more than {MAX_DOCUMENTS:,} manifests", origin)

    def values(self, count: int, origin: Origin | None) -> None:
        """So many values more."""
        self._values += count
        if self._values > MAX_VALUES:
            raise _exceeded(f"the manifests hold more than {MAX_VALUES:,} values together", origin)

    def compared(self, count: int, origin: Origin | None) -> None:
        """Overrides look at so much more."""
        self._compared += count
        if self._compared > MAX_COMPARED:
            message = "the overrides are too many, or too large, for so many manifests"
            raise _exceeded(message, origin, "match fewer names, or write the values into the manifests")
