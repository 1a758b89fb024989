"""The kind Agent: an Anyscale service that runs a Prefect worker for a work pool."""

from collections.abc import Iterable, Sequence
from typing import Any

from pfa_gitops.model.chain import Link, Part, Verdict
from pfa_gitops.model.errors import Problem
from pfa_gitops.model.values import Action, Manifest
from pfa_gitops.platforms.anyscale._agent_arguments import WorkerOptions
from pfa_gitops.platforms.anyscale._agent_problems import problems
from pfa_gitops.platforms.anyscale._agent_service import agent_document, live_fields
from pfa_gitops.platforms.anyscale._agent_spec import AgentSpec
from pfa_gitops.platforms.anyscale._answers import Service, ServiceVersion
from pfa_gitops.platforms.anyscale._client import AnyscaleClient
from pfa_gitops.platforms.anyscale._service_document import Place
from pfa_gitops.platforms.anyscale._service_kind import KEYED, PLACE, UNORDERED, ServiceKind
from pfa_gitops.platforms.anyscale._service_live import is_agent
from pfa_gitops.platforms.base import FieldRules, Keyed, Prospect, State


class Agent(ServiceKind[AgentSpec]):
    """A service with one application, which keeps a worker alive."""

    name = "Agent"
    summary = "Anyscale service that runs a Prefect worker, which turns a work pool's runs into Anyscale jobs."
    stranger = "is no agent"
    part = Part.AGENT
    rules = FieldRules(
        keyed={path: Keyed("name") for path in KEYED},
        unordered=frozenset({"work_queues", *UNORDERED}),
        whole=frozenset({"containerfile"}),
        place=PLACE,
    )

    @property
    def spec(self) -> type[AgentSpec]:
        """The Spec class."""
        return AgentSpec

    def check(self, manifest: Manifest[AgentSpec]) -> Iterable[Problem]:
        """Credentials in clear or out of reach, and a second cloud."""
        return problems(manifest)

    def owns(self, version: ServiceVersion) -> bool:
        """An agent's one application is the package's own."""
        return is_agent(version)

    def document(self, name: str, spec: AgentSpec, place: Place) -> dict[str, Any]:
        """The agent's application and its variables."""
        return agent_document(name, spec, place)

    def bare_fields(self, version: ServiceVersion) -> dict[str, Any]:
        """The service's name is the worker's."""
        return {"worker": WorkerOptions(name=None)}

    def live_fields(self, service: Service, version: ServiceVersion, wanted: AgentSpec) -> dict[str, Any]:
        """What the application's arguments and variables tell."""
        return live_fields(service, version, wanted)

    async def links(self, client: AnyscaleClient, prospects: Sequence[Prospect[AgentSpec]]) -> Sequence[Link]:
        """Whether its service is healthy, and is as its manifest says. What was observed tells that."""
        return [_link(prospect) for prospect in prospects]


VERDICTS = {State.READY: Verdict.OK, State.PROGRESSING: Verdict.UNKNOWN, State.FAILED: Verdict.NOT}


def _link(prospect: Prospect[AgentSpec]) -> Link:
    there, name = prospect.there(Part.AGENT), prospect.manifest.key.name
    if there.verdict is not Verdict.OK or prospect.live is None:
        return there
    if prospect.planned and prospect.action is not Action.NONE:
        return prospect.link(Part.AGENT, Verdict.OK, f"apply rolls out the agent {name}")
    readiness = prospect.live.details["readiness"]
    if readiness.state is not State.READY:
        return prospect.link(Part.AGENT, VERDICTS[readiness.state], f"the agent {name}: {readiness.message}")
    if prospect.differs:
        message = f"the agent {name} runs, and not as its manifest says: `pfa-gitops plan` shows what differs"
        return prospect.link(Part.AGENT, Verdict.NOT, message)
    return prospect.link(Part.AGENT, Verdict.OK, f"the agent {name} runs")


KIND = Agent()
