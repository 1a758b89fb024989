from datetime import UTC, datetime

import pytest

from pfa_gitops.model.chain import Chain, Link, Part, Verdict, chain
from pfa_gitops.model.history import Applied, Source
from pfa_gitops.model.places import Address
from pfa_gitops.model.status import Health, InSync, Moment, Status, StatusReport, Sync
from pfa_gitops.model.values import Action, Change, Plan
from pfa_gitops.views.chains import chains_json, show_chains, way
from pfa_gitops.views.history import show_history
from pfa_gitops.views.status import show_status
from pfa_gitops.views.terminal import painter, show_plan

POOL = Address("WorkPool", "gpu")
HEARD = Moment(datetime(2026, 1, 1, tzinfo=UTC), 12.0)
QUEUE = Link(Part.QUEUE, Verdict.OK, "the queue prod", POOL, "prod")
WORKER = Link(Part.WORKER, Verdict.OK, "the worker one", POOL, "prod", HEARD)
PAUSED = Link(Part.POOL, Verdict.NOT, "the pool gpu is paused", POOL)
SECRET = Link(Part.SECRETS, Verdict.UNKNOWN, "from_env KEY is read where it is used", POOL)


def of(name: str, *links: Link) -> Chain:
    return chain(Address("Deployment", name), links)


@pytest.mark.parametrize(
    ("links", "verdict", "text"),
    [
        ((WORKER, QUEUE, QUEUE), Verdict.OK, "queue → worker (12 s ago)"),
        ((PAUSED, QUEUE, SECRET), Verdict.NOT, "pool: the pool gpu is paused"),
        ((SECRET, QUEUE), Verdict.UNKNOWN, "queue → secrets?; secrets: from_env KEY is read where it is used"),
    ],
)
def test_a_chain_on_one_line(links, verdict, text):
    found = of("d", *links)
    assert (found.verdict, way(found)) == (verdict, text)


def test_deployments_of_which_the_same_is_said_share_a_line_and_broken_ones_come_first():
    good = [of(f"d{number}", QUEUE) for number in range(5)]
    lines = show_chains([*good, of("bad", PAUSED)], painter(False))
    assert lines == ["  ✗ bad: pool: the pool gpu is paused", "  ✓ d0, d1, d2 and 2 more: queue"]


def test_a_plan_tells_it_and_one_that_changes_nothing_tells_only_what_is_broken():
    chains = (of("good", QUEUE), of("bad", PAUSED))
    changed = Plan("dev", (Change(Address("Variable", "v"), Action.CREATE),), chains=chains)
    assert "✓ good: queue\n" in show_plan(changed)
    quiet = show_plan(Plan("dev", (), chains=chains))
    assert "✗ bad" in quiet
    assert "good" not in quiet
    assert "Will it run" not in show_plan(Plan("dev", (), chains=chains[:1]))


def test_a_name_cannot_break_out():
    [line] = show_chains([of("a\nb\x1b[31m", QUEUE)], painter(False))
    assert line == "  ✓ a\\nb\\x1b[31m: queue"


def test_as_json():
    [document] = chains_json([of("d", WORKER)])
    assert document == {
        "address": "Deployment/d",
        "verdict": "ok",
        "links": [
            {
                "part": "worker",
                "verdict": "ok",
                "reason": "the worker one",
                "about": "WorkPool/gpu",
                "age_seconds": 12.0,
            }
        ],
    }


def test_a_status_tells_runs_pages_sync_and_the_last_apply():
    address = Address("Deployment", "d")
    report = StatusReport(
        "prod",
        (Status(address, Health.GOOD, "has not run yet"),),
        syncs=(
            Sync(address, InSync.NO, "differs in tags", "https://prefect.example/d"),
            Sync(Address("Variable", "v"), InSync.YES),
        ),
        chains=(of("d", PAUSED),),
        history=(Applied(Source("2026-01-01", "ana", "apply", "1a2b3c4d5e6f"), result="complete"),),
    )
    assert not report.is_well
    assert show_status(report) == (
        "Environment prod\n\n"
        "Deployment\n"
        "  ● d  has not run yet\n"
        "      ✗ will not run: pool: the pool gpu is paused\n"
        "      https://prefect.example/d\n\n"
        "Sync: 1 in sync, 1 out of sync.\n"
        "  ≠ Deployment/d  differs in tags\n\n"
        "Last apply: complete, by ana at 2026-01-01, commit 1a2b3c4d5e"
    )


def test_a_history_the_newest_first():
    first = Applied(Source("1", "ana", "apply"), {"create": 2}, ("create Variable/a",), "complete", {"done": 2})
    last = Applied(Source("2", "ben", "destroy", "abc", dirty=True, url="https://ci.example"))
    assert show_history("dev", (first, last)) == (
        "Environment dev\n\n"
        "destroy unfinished, by ben at 2, commit abc with changes that were not committed, https://ci.example\n"
        "  nothing to write\n\n"
        "apply complete, by ana at 1, no commit\n"
        "  2 to create: 2 done\n"
        "    create Variable/a\n"
        "    … and 1 more"
    )
