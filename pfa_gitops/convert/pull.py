"""Where a run finds its flow's code: the pull steps that `prefect deploy` would store. Pure."""

from dataclasses import dataclass
from typing import Any

from pfa_gitops.convert.steps import DOCKER, steps_of
from pfa_gitops.convert.templates import Translator, Where
from pfa_gitops.convert.values import Sort
from pfa_gitops.convert.written import Written
from pfa_gitops.model.places import Origin

SET_DIRECTORY = "prefect.deployments.steps.set_working_directory"
IN_IMAGES = "/opt/prefect"
"""Where the images that Prefect builds have the code."""
HERE = "${{ project.directory.split('/') | last }}"
"""The name of the project's folder, below which such an image has it."""


@dataclass(frozen=True)
class Steps:
    """The steps, and where they were written."""

    value: Any
    at: Origin | None


def pull_steps(deployment: Written, root: Written, translator: Translator, *, has_source: bool) -> Steps | None:
    """The deployment's own steps, else the project's, else those that `prefect deploy` makes up.

    None: there are none to write. Where the flow's source is not there, an empty list says that the code comes from
    elsewhere.
    """
    own = deployment.get("pull")
    section = own if own.value or own.value == [] else root.get("pull")
    if section.value:
        wrapped = isinstance(section.value, dict)
        value = translator.value(section, Where.PULL)
        return Steps([value] if wrapped else value, section.at)
    if section.value == []:
        return Steps([], section.at)
    return _made_up(deployment, root, translator) or (None if has_source else Steps([], deployment.at))


def _made_up(deployment: Written, root: Written, translator: Translator) -> Steps | None:
    """As `prefect deploy` does where nobody can be asked."""
    build = deployment.get("build") if deployment.get("build").value else root.get("build")
    docker = next((step for step in steps_of(build) if step.name == DOCKER[0]), None)
    at = root.get("deployments").at
    if docker is not None and docker.inputs.get("dockerfile").value != "auto":
        message = "no pull steps: the code is where the image has it"
        translator.report.note(Sort.OPEN, message, "write pull_steps, where the worker does not find it there", at)
        return None
    if docker is not None:
        return _in_an_image(f"{IN_IMAGES}/{HERE}", translator, at)
    if deployment.get("work_pool", "job_variables", "image").value:
        return _in_an_image(IN_IMAGES, translator, at)
    message = "no pull steps: `prefect deploy` has runs look for the code in the folder that it was called in"
    mend = "it is now the folder of pfa-gitops.yaml: right where workers see the same folder, else write pull_steps"
    translator.report.note(Sort.CHANGED, message, mend, at)
    return _directory("${{ project.directory }}", at)


def _in_an_image(directory: str, translator: Translator, at: Origin | None) -> Steps:
    message = f"no pull steps: with an image `prefect deploy` has runs look for the code in {directory}"
    translator.report.note(Sort.CHANGED, message, "correct pull_steps, where the image has it elsewhere", at)
    return _directory(directory, at)


def _directory(directory: str, at: Origin | None) -> Steps:
    return Steps([{SET_DIRECTORY: {"directory": directory}}], at)
