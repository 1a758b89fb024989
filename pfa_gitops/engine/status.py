"""Asks the platforms how the objects of a project do right now. Reads only."""

from pfa_gitops.engine.readings import Clients, Kinds, ask_platforms
from pfa_gitops.model.status import StatusReport
from pfa_gitops.model.values import Manifests


async def read_status(environment: str, manifests: Manifests, kinds: Kinds, clients: Clients) -> StatusReport:
    """Read how the objects of `manifests` do. A platform that fails is told, and the others are shown all the same."""
    answers, failures = await ask_platforms(
        manifests, kinds, clients, lambda kind, client, wanted: kind.status(client, wanted)
    )
    statuses = sorted((status for answer in answers for status in answer), key=lambda status: status.address)
    problems = tuple(problem for failure in failures for problem in failure.problems)
    code = max((failure.exit_code for failure in failures), default=0)
    return StatusReport(environment, tuple(statuses), problems, code)
