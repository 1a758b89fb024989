"""Checks what the project says around its policies' expressions: names, and environments that there are not. Pure."""

from collections.abc import Iterator, Sequence

from pfa_gitops.manifests.project import Project
from pfa_gitops.model.closest import did_you_mean
from pfa_gitops.model.errors import Problem


def check_names(project: Project, environments: Sequence[str]) -> Iterator[Problem]:
    """A policy for an environment that is misspelt would hold nowhere, and nobody would know."""
    seen: set[str] = set()
    for index, policy in enumerate(project.spec.policies):
        path = ("spec", "policies", index)
        if policy.name in seen:
            origin = project.origins.at((*path, "name"))
            yield Problem(f"two policies are called `{policy.name}`", "name one of them otherwise", origin)
        seen.add(policy.name)
        for place, name in enumerate(policy.environments):
            if name not in environments:
                origin = project.origins.at((*path, "environments", place))
                yield Problem(f"there is no environment `{name}`", did_you_mean(name, environments), origin)
