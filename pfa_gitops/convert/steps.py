"""Build and push steps: what they put out, as far as it can be known without running them. Pure."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pfa_gitops.convert.values import Report, Sort
from pfa_gitops.convert.written import Written


@dataclass(frozen=True)
class Ours:
    """An expression of a manifest's own template: `env.NAME`, `git.short_commit`."""

    expression: str


Output = str | Ours | None
"""Text in Prefect's words, an expression of ours, or None: known only when the step has run."""
Outputs = Mapping[str, Callable[[str], Output]]
"""By a step's id: what it puts out under a key."""

DOCKER = ("build_docker_image", "push_docker_image")
SHELL = "run_shell_script"
UPLOADS = ("push_to_s3", "push_to_gcs", "push_to_azure_blob_storage", "push_project_to_s3", "push_project_to_gcs")
GIT = {
    "git rev-parse --short HEAD": "git.short_commit",
    "git rev-parse HEAD": "git.commit",
    "git rev-parse --abbrev-ref HEAD": "git.branch",
    "git branch --show-current": "git.branch",
    "git describe --tags --exact-match": "git.tag",
}
"""Commands whose answer a manifest's template knows."""


@dataclass(frozen=True)
class Step:
    """One step: the function, and what it is given."""

    function: str
    inputs: Written

    @property
    def name(self) -> str:
        """The function's own name."""
        return self.function.rpartition(".")[2]

    @property
    def id(self) -> str | None:
        """The name under which later steps find its output."""
        value = self.inputs.get("id").value
        return value if isinstance(value, str) else None


def steps_of(section: Written) -> Iterator[Step]:
    """The steps of `build`, `push` or `pull`. A single step may stand without a list."""
    written = [section] if isinstance(section.value, dict) and section.value else section.elements()
    for item in written:
        for function, inputs in item.items():
            yield Step(function, inputs)


def outputs_of(steps: Sequence[Step]) -> Outputs:
    """What the steps with an id put out."""
    return {step.id: _output(step) for step in steps if step.id is not None}


def _output(step: Step) -> Callable[[str], Output]:
    inputs = step.inputs.value if isinstance(step.inputs.value, dict) else {}
    if step.name == SHELL:
        script = " ".join(str(inputs.get("script", "")).split())
        return lambda key: Ours(GIT[script]) if key == "stdout" and script in GIT else None
    if step.name in DOCKER:
        return lambda key: _of_an_image(inputs, key)
    if step.name in UPLOADS:
        return lambda key: _given(inputs, key)
    return lambda _: None


def _given(inputs: Mapping[str, Any], key: str) -> Output:
    return inputs[key] if isinstance(inputs.get(key), str) else None


def _of_an_image(inputs: Mapping[str, Any], key: str) -> Output:
    """Without a tag, the time of the build is the tag."""
    name, tag = _given(inputs, "image_name"), inputs.get("tag")
    tag = str(tag) if isinstance(tag, str | int | float) and tag is not True and str(tag) else None
    if key == "image":
        return f"{name}:{tag}" if isinstance(name, str) and tag else None
    return {"image_name": name, "tag": tag}.get(key)


def report_steps(section: str, steps: Sequence[Step], report: Report) -> None:
    """Say of each build or push step what becomes of it: a manifest runs nothing."""
    for step in steps:
        message, mend, sort = _fate(section, step)
        report.note(sort, message, mend, step.inputs.at)


def _fate(section: str, step: Step) -> tuple[str, str, Sort]:
    inputs = step.inputs.value if isinstance(step.inputs.value, dict) else {}
    script = " ".join(str(inputs.get("script", "")).split())
    if step.name == SHELL and script in GIT:
        expression = f"${{{{ {GIT[script]} }}}}"
        return f"the {section} step `{script}` is gone: its output is {expression}", "nothing to do", Sort.CHANGED
    if step.name in DOCKER:
        verb = "builds" if step.name == DOCKER[0] else "pushes"
        image = inputs.get("image_name")
        named = f"the image {image}" if isinstance(image, str) and "{{" not in image else "an image"
        return f"the {section} step {verb} {named}; apply does not", "let CI do it before apply", Sort.OPEN
    if step.name in UPLOADS:
        place = "/".join(str(inputs[key]) for key in ("bucket", "container", "folder") if inputs.get(key))
        message = f"the {section} step uploads the code to {place}; apply does not"
        return message, "let CI do it before apply, e.g. `aws s3 sync`", Sort.OPEN
    return f"the {section} step {step.function} is not run by apply", "let CI do it before apply", Sort.OPEN
