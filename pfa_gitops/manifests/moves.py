"""Checks what the project says of objects that moved: a mistake there would delete what was to be kept. Pure."""

from collections.abc import Iterator

from pfa_gitops.manifests.project import Project
from pfa_gitops.manifests.validate import Kinds
from pfa_gitops.model.closest import did_you_mean
from pfa_gitops.model.errors import Problem
from pfa_gitops.model.places import address
from pfa_gitops.model.values import Manifests


def check_moves(project: Project, manifests: Manifests, kinds: Kinds) -> Iterator[Problem]:
    """Kinds that there are not, and objects that cannot have moved since their manifests are still there."""
    declared = {manifest.address for manifest in manifests}
    for index, move in enumerate(project.spec.moved):
        origin, former = project.origins.at(("spec", "moved", index, "from")), address(move.former)
        if former.kind not in kinds:
            mend = did_you_mean(former.kind, kinds, "write e.g. `Variable/old`")
            yield Problem(f"there is no kind `{former.kind}`", mend, origin)
        elif move.former == move.to:
            yield Problem(f"{former} moves to itself", "write its new name under `to`, or take the line out", origin)
        elif former in declared and address(move.to) in declared:
            yield Problem(f"{former} is said to be {move.to} now, and both have manifests", "take one out", origin)
