"""Which objects are exported, and why others are not."""

import pytest

from pfa_gitops.convert.values import Report
from pfa_gitops.engine.unmanaged import Claimed
from pfa_gitops.export.choose import choose
from pfa_gitops.model.errors import ProblemsFound
from pfa_gitops.model.places import Address
from pfa_gitops.model.values import Owner
from pfa_gitops.platforms.base import Found
from pfa_gitops.platforms.registry import kinds

OWN, OTHER = Owner("ours", "dev"), Owner("theirs", "prod")


def thing(kind, name, owner=None, declared=None, made_by="", **fields):
    known = kinds()[kind]
    manifest = known.bare(name, known.spec.model_construct(name=name, **fields))
    return Claimed(Found(manifest, "id", made_by=made_by), owner, declared)


def pool(name, **claims):
    return thing("WorkPool", name, type="process", **claims)


def queue(name, pool_name, **claims):
    return thing("WorkQueue", name, work_pool=pool_name, **claims)


def chosen(claimed, *wanted):
    report = Report()
    found = choose(claimed, [Address(*one.split("/", 1)) for one in wanted] or None, OWN, report)
    told = [remark.problem.message for remark in report.remarks]
    return [f"{one.key.kind}/{one.key.name}" for one in found], told


def test_all_that_is_nobodys_or_our_own_and_has_no_manifest():
    claimed = [
        pool("free"),
        pool("ours", owner=OWN),
        pool("written", declared=Address("WorkPool", "written")),
        pool("theirs", owner=OTHER),
        pool("prefects", made_by="Prefect itself"),
    ]
    found, told = chosen(claimed)
    assert found == ["WorkPool/free", "WorkPool/ours"]
    assert told == [
        "WorkPool/written: this project declares it already",
        "WorkPool/theirs: it belongs to project theirs, environment prod; name it to export it all the same",
        "WorkPool/prefects: made by Prefect itself",
    ]


def test_what_is_named_in_full_is_exported_whosever_it_is():
    claimed = [pool("theirs", owner=OTHER), pool("prefects", made_by="Prefect itself")]
    assert chosen(claimed, "WorkPool/theirs", "WorkPool/prefects")[0] == ["WorkPool/prefects", "WorkPool/theirs"][::-1]
    found, told = chosen(claimed, "WorkPool/t*")
    assert found == []
    assert "name it to export it" in told[0]


def test_many_are_told_together():
    _, [told] = chosen([pool(f"p{number}", owner=OTHER) for number in range(5)])
    assert told.startswith("WorkPool/p0, WorkPool/p1, WorkPool/p2 and 2 more: ")


def test_an_own_name_is_enough_and_a_wrong_one_is_told():
    claimed = [thing("Deployment", "nightly", flow_name="etl"), thing("Deployment", "nightly", flow_name="report")]
    assert chosen(claimed, "Deployment/nightly")[0] == ["Deployment/etl/nightly", "Deployment/report/nightly"]
    assert chosen(claimed, "Deployment/etl/nightly")[0] == ["Deployment/etl/nightly"]
    with pytest.raises(ProblemsFound) as failed:
        chosen(claimed, "Deployment/etl/nighly", "WorkPool/none")
    assert [problem.message for problem in failed.value.problems] == [
        "there is no Deployment etl/nighly to export",
        "there is no WorkPool none to export",
    ]
    assert "etl/nightly" in failed.value.problems[0].mend


def test_a_queue_stands_in_its_pool_or_by_itself_where_the_pool_is_somebody_elses():
    mine, theirs = queue("a", "free"), queue("b", "theirs")
    claimed = [pool("free"), pool("theirs", owner=OTHER), mine, theirs]
    assert chosen(claimed)[0] == ["WorkPool/free", "WorkQueue/theirs/b"]
    assert chosen(claimed, "WorkQueue/*")[0] == ["WorkQueue/theirs/b"]
    assert chosen(claimed, "WorkQueue/free/a")[0] == ["WorkQueue/free/a"]
    found, told = chosen(claimed, "WorkQueue/free/a", "WorkPool/free")
    assert found == ["WorkPool/free"]
    assert told == ["WorkQueue/free/a: it stands in WorkPool/free"]


def test_every_kind_tells_what_is_there():
    assert [kind.name for kind in kinds().values() if "discover" not in _defined(type(kind))] == []


def _defined(kind):
    return {name for base in kind.__mro__ if base.__name__ != "Kind" for name in vars(base)}
