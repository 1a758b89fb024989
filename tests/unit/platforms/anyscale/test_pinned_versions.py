"""An image's revisions and a compute config's versions that runs name, held against those that there are."""

import asyncio

import pytest

from pfa_gitops.model.chain import Verdict
from pfa_gitops.model.places import Address
from pfa_gitops.model.values import Action, Key, Live, Manifest
from pfa_gitops.platforms.anyscale import compute_config, image
from pfa_gitops.platforms.base import Prospect

OK, NOT, UNKNOWN = Verdict.OK, Verdict.NOT, Verdict.UNKNOWN
STATES = {3: "in_progress", 2: "failed", 1: "succeeded"}


def link(kind, details, action, item):
    """The one link; no `action`: as it is now."""
    key = Key(kind.name, "env")
    spec = kind.spec.model_construct(name="env")
    live = Live(key, spec, "id", details) if details else None
    manifest = Manifest(Address(*key), spec, key)
    planned = action is not None
    prospect = Prospect(manifest, live, planned, action or Action.NONE, items=frozenset({item}))
    [found] = asyncio.run(kind.links(None, [prospect]))
    assert found.item in {None, item}
    return found.verdict, found.reason


@pytest.mark.parametrize(
    ("states", "action", "item", "verdict", "reason"),
    [
        (STATES, None, "", OK, "the image env is built"),
        (STATES, None, "1", OK, "revision 1 of the image env is built"),
        (STATES, None, "2", NOT, "the build of revision 2 of the image env failed"),
        (STATES, None, "3", UNKNOWN, "the build of revision 3 of the image env is under way"),
        (STATES, None, "7", NOT, "there is no revision 7 of the image env"),
        (STATES, None, "4", NOT, "there is no revision 4 of the image env"),
        (STATES, Action.NONE, "4", NOT, "there is no revision 4 of the image env"),
        (STATES, Action.UPDATE, "4", OK, "apply builds revision 4 of the image env"),
        (STATES, Action.UPDATE, "1", OK, "revision 1 of the image env is built"),
        (STATES, Action.UPDATE, "5", NOT, "there is no revision 5 of the image env"),
        (None, Action.CREATE, "", OK, "apply builds the image env"),
        (None, Action.CREATE, "1", OK, "apply builds revision 1 of the image env"),
        (None, Action.CREATE, "2", NOT, "there is no revision 2 of the image env"),
        (None, None, "1", NOT, "the Image env is not there"),
        (STATES, Action.DELETE, "1", NOT, "apply takes the Image env away"),
    ],
)
def test_revisions_of_an_image(states, action, item, verdict, reason):
    details = {"states": states, "revision": 1, "under_way": True, "built": frozenset()} if states else None
    assert link(image.KIND, details, action, item) == (verdict, reason)


@pytest.mark.parametrize(
    ("version", "action", "item", "verdict", "reason"),
    [
        (2, None, "", OK, "the ComputeConfig env is there"),
        (2, None, "1", OK, "version 1 of the compute config env is there"),
        (2, None, "9", NOT, "there is no version 9 of the compute config env"),
        (2, None, "3", NOT, "there is no version 3 of the compute config env"),
        (2, Action.UPDATE, "3", OK, "apply makes version 3 of the compute config env"),
        (2, Action.UPDATE, "4", NOT, "there is no version 4 of the compute config env"),
        (None, Action.CREATE, "1", OK, "apply makes version 1 of the compute config env"),
        (
            None,
            Action.CREATE,
            "2",
            UNKNOWN,
            "version 2 of the compute config env is there only if it was archived before",
        ),
        (None, None, "1", NOT, "the ComputeConfig env is not there"),
    ],
)
def test_versions_of_a_compute_config(version, action, item, verdict, reason):
    assert link(compute_config.KIND, {"version": version} if version else None, action, item) == (verdict, reason)
