"""Plans with nothing to change, of ten objects on both platforms, of 1,000 and of 10,000 deployments.

`python -m benchmarks.plan`
"""

from collections.abc import Iterator
from pathlib import Path

from benchmarks.bare import paged_reads
from benchmarks.measure import Done, Row, Size, in_folders, in_turn, run, table
from benchmarks.projects import POOL, manifest, write_large, write_project, write_terraform
from benchmarks.servers import has_terraform, stack

PLAN = ("pfa-gitops", "plan", "--detailed-exitcode", "--quiet")
"""Fails where there is something to change."""
APPLY = ("pfa-gitops", "apply", "--auto-approve", "--quiet")


def rows(size: Size) -> Iterator[Row]:
    """All three."""
    yield from in_folders(size, small, large)


def small(folder: Path, size: Size) -> Iterator[Row]:
    """Beside the Prefect command that does least."""
    write_project(folder, _ten())
    with stack(folder) as environment:
        run(APPLY, folder, environment)
        ours, theirs = in_turn(
            size.rounds,
            lambda: run(PLAN, folder, environment).seconds,
            lambda: run(["prefect", "version"], folder, environment).seconds,
        )
    yield Row("plan: 10 objects on both platforms", "`prefect version`", ours, theirs, at_most=0.3)


def large(folder: Path, size: Size) -> Iterator[Row]:
    """Beside Terraform with as many resources, and the bare reads; then ten times as many, beside the first."""
    number = size.of(1_000, 20)
    thousand, more = folder / "thousand", folder / "more"
    plans: dict[Path, list[Done]] = {thousand: [], more: []}

    def plan(project: Path) -> float:
        plans[project].append(run(PLAN, project, environment))
        return plans[project][-1].seconds

    with stack(folder) as environment:
        _deployed(thousand, number, environment)
        sides = [lambda: plan(thousand), lambda: paged_reads(environment["PREFECT_API_URL"])]
        if has_terraform():
            sides.append(_terraform(folder / "terraform", number))
        ours, bare, *theirs = in_turn(size.rounds, *sides)
        work = f"plan: {number:,} deployments, {number // 20} blocks, {number // 50} pools"
        if theirs:
            peer = f"`terraform plan`, {number:,} `terraform_data`"
            yield Row(work, peer, ours, theirs[0], at_most=0.75)
        yield Row(work, "the bare paged reads", ours, bare, at_most=4.0)
        memory = [done.peak_mb for done in plans[thousand]]
        yield Row(f"{work}: memory", "the limit", memory, [200.0], at_most=1.0, unit="MB")
        _deployed(more, 10 * number, environment)
        larger, ours = in_turn(size.of(3, 1), lambda: plan(more), lambda: plan(thousand))
    work, peer = f"plan: {10 * number:,} deployments", f"the plan of {number:,}, on the same server"
    yield Row(work, peer, larger, ours, at_most=11.0)
    yield Row(f"{work}: memory", peer, [done.peak_mb for done in plans[more]], memory, at_most=11.0, unit="MB")


def _ten() -> list[dict[str, object]]:
    variables = [manifest("Variable", f"v{one}", {"value": one}) for one in range(5)]
    configs = [
        manifest("ComputeConfig", f"{POOL}-{one}", {"head_node": {"instance_type": "m5.large"}}) for one in range(2)
    ]
    image = manifest("Image", POOL, {"image_uri": "registry.example.com/team/bench:1"})
    pools = [manifest("WorkPool", f"{POOL}-{one}", {"type": "process"}) for one in range(2)]
    return [*variables, *configs, image, *pools]


def _deployed(folder: Path, number: int, environment: dict[str, str]) -> None:
    folder.mkdir()
    write_large(folder, number, folder.name)
    run(APPLY, folder, environment)


def _terraform(folder: Path, number: int):  # noqa: ANN202 - a side
    folder.mkdir()
    write_terraform(folder, number)
    run(["terraform", "init", "-input=false"], folder)
    run(["terraform", "apply", "-auto-approve", "-input=false"], folder)
    return lambda: run(["terraform", "plan", "-detailed-exitcode", "-input=false"], folder).seconds


if __name__ == "__main__":
    print(table(rows(Size.asked())))
