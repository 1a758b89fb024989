"""docs/guides/pull-request.md: its story, played on real servers, and its pictures: `make pictures` draws them anew."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from support.anyscale_emulator import eventually
from support.comment_page import comment_page
from support.github import github_stand_in
from support.pull_request import HEADS, MERGE, World

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs" / "guides" / "pull-request.md").read_text()
QUOTED = [block.rstrip() for block in re.findall(r"```text\n(.*?)```", GUIDE, re.DOTALL)]
"""What the guide shows of the action's answers, in the order of the story."""
PICTURES = re.findall(r"\(\.\./(pull-request-[\w-]+\.png)\)", GUIDE)
DEPLOYMENT, POOL, FLOW = Path("manifests/deployment.yaml"), Path("manifests/work_pool.yaml"), Path("flows/report.py")


@pytest.fixture
def world(tmp_path, prefect_server):
    """The example for GitHub as a repository of its own, applied to `prod`."""
    with github_stand_in() as github:
        found = World(tmp_path, github, dict(prefect_server.environment), "reports")
        shutil.copytree(ROOT / "examples" / "github", found.workspace)
        subprocess.run(["git", "init", "-q", str(found.workspace)], check=True)
        found.inputs |= {"working_directory": "."}
        found.apply(unreviewed="apply")
        yield found


def edit(world, file, old, new):
    path = world.workspace / file
    assert path.read_text().count(old) == 1
    path.write_text(path.read_text().replace(old, new))


def said(text):
    """A text of the action without what is another one each time."""
    return re.sub(r"worker \(\d+ s ago\)", "worker (6 s ago)", text)


def picture(opened, tmp_path, markdown, name, **more):
    """Draw a comment with all opened but the graph, which is GitHub's to draw."""
    page = opened(comment_page(markdown, **more), viewport={"width": 900, "height": 700})
    for element in page.locator("details:not(:has-text('Graph'))").all():
        element.locator("summary").click()
    page.mouse.move(0, 0)
    file = Path(os.environ.get("PICTURES", tmp_path)) / name
    page.locator("article").screenshot(path=file)
    assert file.stat().st_size > 10_000


def a_worker_polls(server):
    server.post("/work_pools/reports/workers/heartbeat", {"name": "reports-1", "heartbeat_interval_seconds": 3600})
    server.post("/work_pools/reports/get_scheduled_flow_runs", {})
    queues = "/work_pools/reports/queues/filter"
    eventually(lambda: all(queue["last_polled"] for queue in server.post(queues, {})))


def test_the_story_and_its_pictures(world, prefect_server, opened, tmp_path):
    mistake, runs, parameter, applied, drifted = QUOTED
    a_worker_polls(prefect_server)

    edit(world, DEPLOYMENT, "{days: 1}", "{days: seven}")
    job = world.plan(HEADS[0], code=1)
    assert mistake in job.log
    [comment] = world.github.comments

    edit(world, DEPLOYMENT, "{days: seven}", "{days: 7}")
    edit(world, DEPLOYMENT, 'cron: "0 6 * * *"', 'cron: "0 6 * * 1"')
    edit(world, POOL, "concurrency_limit: 5", "concurrency_limit: 10")
    edit(world, FLOW, "days: int = 1", 'days: int = 1, region: str = "all"')
    world.plan(HEADS[1])
    assert world.github.comments == [comment]
    assert runs in said(comment["body"])
    assert parameter in comment["body"]
    picture(opened, tmp_path, comment["body"], "pull-request-comment.png")
    [plan] = [file for artifact in world.artifacts.values() for file in artifact.glob("plan.html")]
    page = opened(plan.read_text(), viewport={"width": 1000, "height": 900})
    page.get_by_role("button", name="Open all").click()
    page.mouse.move(0, 0)
    page.screenshot(path=Path(os.environ.get("PICTURES", tmp_path)) / "pull-request-page.png", full_page=True)

    world.github.add_pull(7, HEADS[1], MERGE)
    world.apply()
    report = world.github.comments[-1]["body"]
    assert applied in report
    picture(opened, tmp_path, report, "pull-request-applied.png")

    prefect_server.patch("/work_pools/reports", {"concurrency_limit": 50})
    job = world.job("schedule", {})
    assert job.use(world.workspace, **{**world.inputs, "command": "drift"}) == 0, job.log
    [issue] = world.github.issues
    assert drifted in issue["body"]
    picture(opened, tmp_path, issue["body"], "pull-request-drift.png", head=f"{issue['title']} · opened by a schedule")


def test_the_pictures_are_there():
    assert [f"pull-request-{name}.png" for name in ("comment", "page", "applied", "drift")] == PICTURES
    assert all((ROOT / "docs" / name).stat().st_size > 10_000 for name in PICTURES)
