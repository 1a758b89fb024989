import pytest

from pfa_gitops.model.chain import Verdict
from pfa_gitops.model.places import Address
from pfa_gitops.model.values import Action, Key, Live, Manifest
from pfa_gitops.platforms.base import Prospect
from pfa_gitops.platforms.prefect._deployment_links import deployment_links
from pfa_gitops.platforms.prefect.deployment import KIND, DeploymentSpec

OK, NOT, UNKNOWN = Verdict.OK, Verdict.NOT, Verdict.UNKNOWN


def links(wanted, live=None, action=None, **details):
    spec = DeploymentSpec.model_validate({"flow_name": "f", "entrypoint": "f.py:f", **wanted})
    key = Key("Deployment", "f/d")
    there = Live(key, DeploymentSpec.model_validate({"flow_name": "f", **live}), "id", details) if live else None
    prospect = Prospect(
        Manifest(Address("Deployment", "d"), spec, key), there, action is not None, action or Action.NONE
    )
    return [(link.part.value, link.verdict) for link in deployment_links(prospect, KIND.rules)]


@pytest.mark.parametrize(
    ("wanted", "live", "action", "details", "told"),
    [
        ({"work_pool": "p"}, None, None, {}, [("deployment", NOT)]),
        ({"work_pool": "p"}, None, Action.CREATE, {}, []),
        ({}, None, Action.CREATE, {}, [("pool", NOT)]),
        ({}, {"work_pool": None}, None, {"status": "READY"}, [("pool", OK)]),
        ({}, {"work_pool": None}, None, {"status": "NOT_READY"}, [("pool", NOT)]),
        ({"work_pool": "p", "paused": True}, None, Action.CREATE, {}, [("deployment", OK)]),
        ({"work_pool": "p"}, {"work_pool": "q"}, None, {}, [("pool", UNKNOWN)]),
        ({"work_pool": "p"}, {"work_pool": "q"}, Action.UPDATE, {}, []),
        ({}, {"work_pool": "q"}, Action.NONE, {}, [("pool", UNKNOWN)]),
        ({"work_pool": "p", "work_queue": "a"}, {"work_pool": "p", "work_queue": "b"}, None, {}, [("queue", UNKNOWN)]),
        ({"work_pool": "p"}, {"work_pool": "p", "work_queue": "default"}, None, {}, []),
        (
            {"work_pool": "p", "job_variables": {"image_uri": "anyscale/image/nope:7", "env": {}}},
            None,
            Action.CREATE,
            {},
            [("configuration", UNKNOWN)],
        ),
        ({"work_pool": "p", "concurrency_limit": 2}, None, Action.CREATE, {}, [("concurrency", OK)]),
        (
            {"work_pool": "p"},
            {"work_pool": "p", "concurrency_limit": 1},
            None,
            {"active_slots": 1},
            [("concurrency", NOT)],
        ),
        (
            {"work_pool": "p", "concurrency_limit": 1},
            {"work_pool": "p", "concurrency_limit": 1},
            None,
            {"active_slots": None},
            [("concurrency", UNKNOWN)],
        ),
        (
            {"work_pool": "p", "concurrency_limit": 3},
            {"work_pool": "p"},
            Action.UPDATE,
            {"active_slots": None},
            [("concurrency", OK)],
        ),
        (
            {"work_pool": "p", "concurrency_limit": 3, "global_concurrency_limit": None},
            {"work_pool": "p", "global_concurrency_limit": "shared", "concurrency_limit": None},
            Action.UPDATE,
            {"active_slots": 5},
            [("concurrency", OK)],
        ),
    ],
)
def test_what_a_deployment_says_of_its_runs(wanted, live, action, details, told):
    assert links(wanted, live, action, **details) == told
