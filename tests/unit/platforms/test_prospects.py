import pytest

from pfa_gitops.model.chain import Verdict
from pfa_gitops.model.places import Address
from pfa_gitops.model.values import Action, Key, Live, Manifest
from pfa_gitops.platforms.base import Prospect
from pfa_gitops.platforms.prefect.work_pool import KIND, WorkPoolSpec
from pfa_gitops.platforms.prospects import expected, slots

WANTED = WorkPoolSpec.model_validate({"type": "process", "paused": True, "queues": [{"name": "new", "priority": 1}]})
LIVE = WorkPoolSpec.model_validate(
    {"type": "process", "concurrency_limit": 3, "queues": [{"name": "other", "paused": True}]}
)
KEY = Key("WorkPool", "p")
MANIFEST = Manifest(Address(*KEY), WANTED, KEY)
THERE = Live(KEY, LIVE, "id")


def prospect(live: Live | None, planned: bool, action: Action) -> Prospect[WorkPoolSpec]:
    return Prospect(MANIFEST, live, planned, action)


@pytest.mark.parametrize(
    ("live", "planned", "action", "told"),
    [
        (None, False, Action.NONE, None),
        (THERE, False, Action.NONE, (False, 3, ["other"])),
        (None, True, Action.CREATE, (True, None, ["new"])),
        (THERE, True, Action.NONE, (False, 3, ["other"])),
        (THERE, True, Action.UPDATE, (True, 3, ["new", "other"])),
        (THERE, True, Action.REPLACE, (True, None, ["new"])),
        (THERE, True, Action.DELETE, None),
    ],
    ids=["not there", "as it is", "made", "untouched", "updated", "made anew", "deleted"],
)
def test_what_counts_of_an_object(live, planned, action, told):
    spec = expected(prospect(live, planned, action), KIND.rules)
    found = spec and (spec.paused, spec.concurrency_limit, [queue.name for queue in spec.queues])
    assert found == told


@pytest.mark.parametrize(
    ("limit", "active", "verdict"),
    [
        (None, None, None),
        (0, 0, Verdict.NOT),
        (2, 1, Verdict.OK),
        (2, 2, Verdict.NOT),
        (2, 3, Verdict.NOT),
        (2, None, Verdict.UNKNOWN),
    ],
)
def test_slots(limit, active, verdict):
    found = slots(prospect(THERE, False, Action.NONE), "it", limit, active)
    assert [link.verdict for link in found] == ([verdict] if verdict else [])
