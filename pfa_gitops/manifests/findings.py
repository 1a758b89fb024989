"""What the steps found wrong, collected on the way. No I/O."""

from collections.abc import Iterable

from pfa_gitops.manifests.document import Document
from pfa_gitops.model.errors import Problem, ProblemsFound
from pfa_gitops.model.places import Address

MOST = 200
"""Problems. Whoever has more mends these first."""


class Findings:
    """The problems so far, and what they cost: a document that failed a step is left out of the next.

    Each method that notes problems raises ProblemsFound where there are more than `MOST`.
    """

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self.notices: list[str] = []
        self.broken: set[Address] = set()
        """Objects that are declared but could not be understood, so that nobody calls them missing."""
        self.lost = False
        """Something could not even be named, so that nobody can tell what is missing."""

    def add(self, problems: Iterable[Problem]) -> None:
        """Note problems that cost no document."""
        for problem in problems:
            self.problems.append(problem)
            if len(self.problems) > MOST:
                message = f"there are more than {MOST:,} problems; the others are not shown"
                raise ProblemsFound([*self.problems[:MOST], Problem(message, "mend these first")])

    def lose(self, problems: Iterable[Problem]) -> None:
        """Note problems that cost documents nobody can name, e.g. a file that is no YAML."""
        self.add(problems)
        self.lost = True

    def drop(self, document: Document, problems: Iterable[Problem]) -> None:
        """Leave out a document for these problems."""
        self.add(problems)
        if (address := document.address) is None:
            self.lost = True
        else:
            self.broken.add(address)
            spec = document.value.get("spec")
            if isinstance(spec, dict) and isinstance(name := spec.get("name"), str):
                self.broken.add(Address(address.kind, name))

    def may_be(self, kind: str, name: str) -> bool:
        """Whether `name`, or its last part as in `slug/name`, may be something that could not be understood."""
        return self.lost or not self.broken.isdisjoint({Address(kind, name), Address(kind, name.rpartition("/")[2])})
