"""Drift is what differs from what was last applied, whatever the manifests say now."""

import asyncio

from pfa_gitops.engine.drift import read_drift


def drifted(project):
    report = asyncio.run(read_drift(project.world()))
    return {
        drift.address.name: "gone"
        if drift.gone
        else {field.path[0]: (field.before, field.after) for field in drift.fields}
        for drift in report.drifts
    }


def test_what_others_changed_and_deleted(project, shelf, box):
    project.apply(box("a", size=1), box("b", size=1), box("c"))
    assert drifted(project) == {}
    shelf.boxes["a"] = shelf.boxes["a"].model_copy(update={"size": 5, "shape": "round"})
    shelf.boxes.pop("c")
    assert drifted(project) == {"a": {"size": (1, 5)}, "c": "gone"}


def test_a_change_of_a_manifest_is_no_drift(project, box):
    project.apply(box("a", size=1))
    project.plan(box("a", size=2))
    assert drifted(project) == {}
