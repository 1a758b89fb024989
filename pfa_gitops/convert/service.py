"""A service of Anyscale → an Agent, where it is one of prefect-anyscale, else a Service. Pure.

Both forms are read: the older one with `ray_serve_config`, and the newer one with `applications`.
"""

from collections.abc import Callable
from pathlib import Path as FilePath

from pfa_gitops.convert.agent import OLD_PACKAGE, AgentConversion
from pfa_gitops.convert.service_manifest import ServiceConversion
from pfa_gitops.convert.values import Made, Report
from pfa_gitops.convert.written import Written, read_file
from pfa_gitops.model.errors import Problem, ProblemsFound

AGENT = "start_anyscale_service"
"""The module that serves a prefect-anyscale agent."""


def service_reader(work_pool: str) -> Callable[[str, FilePath, FilePath, Report], tuple[str, list[Made]]]:
    """What reads a service's file; an agent's is for this work pool."""

    def read(text: str, file: FilePath, _output: FilePath, report: Report) -> tuple[str, list[Made]]:
        root = read_file(text, str(file), report).root
        project, applications = file.resolve().parent.name, _applications(root)
        if any(_is_agent(one) for one in applications):
            return project, AgentConversion(root, _alone(applications), work_pool, report).manifests()
        return project, [ServiceConversion(root, applications, file.stem, report).manifest()]

    return read


def _applications(root: Written) -> list[Written]:
    """The service's applications. Raises ProblemsFound where it has none."""
    serve = root.get("ray_serve_config")
    place = serve if serve.value else root
    found = list(place.get("applications").elements()) or [serve]
    if not any(one.get("import_path").value for one in found):
        message = "this is no service of Anyscale: no application with an import_path is there"
        raise ProblemsFound([Problem(message, "give the file of `anyscale service deploy -f`", place.at or root.at)])
    return found


def _is_agent(application: Written) -> bool:
    module, _, _ = str(application.get("import_path").value).partition(":")
    return module.rpartition(".")[2] == AGENT


def _alone(applications: list[Written]) -> Written:
    """The agent. Raises ProblemsFound where it shares its service."""
    if len(applications) == 1:
        return applications[0]
    [agent, *_] = [one for one in applications if _is_agent(one)]
    message = f"one of the service's applications is an agent of {OLD_PACKAGE}, which is a service of its own here"
    mend = "make two files of it: one with the agent, one with the other applications"
    raise ProblemsFound([Problem(message, mend, agent.get("import_path").at)])
