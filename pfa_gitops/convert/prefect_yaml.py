"""A prefect.yaml → Deployments. A deployment.yaml of Prefect 2 is one deployment that stands alone."""

from pathlib import Path as FilePath

from pfa_gitops.convert.deployment import Project, convert_deployment
from pfa_gitops.convert.flow_name import FlowNames
from pfa_gitops.convert.sources import Sources
from pfa_gitops.convert.steps import Step, outputs_of, report_steps, steps_of
from pfa_gitops.convert.values import Made, Report, Sort
from pfa_gitops.convert.written import File, Written, read_file
from pfa_gitops.model.errors import Problem, ProblemsFound

TOP = frozenset({"name", "prefect-version", "build", "push", "pull", "deployments"})
SECTIONS = ("build", "push")


def convert_prefect_yaml(text: str, file: FilePath, output: FilePath, report: Report) -> tuple[str, list[Made]]:
    """The project's name and the manifests. `output` is the folder of the project that they are for.

    Raises ProblemsFound where the file is no prefect.yaml.
    """
    read = read_file(text, str(file), report)
    root = read.root
    if not isinstance(root.value, dict):
        raise ProblemsFound([Problem("this is no prefect.yaml", "it is a mapping with `deployments`", root.at)])
    name = root.get("name").value
    alone = root.get("deployments").value is None
    project = Project(root, FlowNames(Sources(file.parent), output), report, alone)
    made = [item for one in _deployments(root) for item in _convert(one, project)]
    _report_rest(read, report)
    return name if isinstance(name, str) and name else file.resolve().parent.name, made


def _deployments(root: Written) -> list[Written]:
    section = root.get("deployments")
    if isinstance(section.value, list) and section.value:
        return list(section.elements())
    if section.value is None and root.get("entrypoint").value:
        return [root]
    message = "the file has no deployments" if not section.value else "`deployments` is no list"
    mend = "give a prefect.yaml, or --service or --python for other files"
    raise ProblemsFound([Problem(message, mend, section.at or root.at)])


def _convert(deployment: Written, project: Project) -> list[Made]:
    """With the steps that run for it: its own, else the project's."""
    steps: list[Step] = []
    for name in SECTIONS:
        own = deployment.has(name) and deployment.path != ()
        section = (deployment if own else project.root).get(name)
        found = list(steps_of(section))
        report_steps(name, found, project.report)
        steps += found
    return convert_deployment(deployment, outputs_of(steps), project)


def _report_rest(file: File, report: Report) -> None:
    if file.root.get("deployments").value is None:
        return
    for name, item in file.root.items():
        if name not in TOP | file.definitions and item.value not in (None, {}, []):
            message = f"`{name}` means nothing to `prefect deploy`, and is not carried over"
            report.note(Sort.LOST, message, "write it where it belongs, or take it out", item.at)
