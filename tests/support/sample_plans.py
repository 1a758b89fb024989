"""Plans for the tests of views: one of every sort of change, and one of any names and values."""

from pfa_gitops.model.chain import Link, Part, Verdict, chain
from pfa_gitops.model.contract import ContractChange, Hit, HitSort, ParameterChange
from pfa_gitops.model.impact import AffectedRun, Effect, RunState
from pfa_gitops.model.places import Address
from pfa_gitops.model.policy import Severity, Violation
from pfa_gitops.model.risk import Risk
from pfa_gitops.model.secrets import Sealed
from pfa_gitops.model.values import (
    ABSENT,
    Action,
    Change,
    FieldChange,
    Key,
    Live,
    Manifest,
    Plan,
    Reference,
    Spec,
)

POOL = Address("WorkPool", "gpu")


def link(part, verdict, reason):
    """A link of a deployment's chain."""
    return Link(part, verdict, reason, POOL)


TEMPLATE = {"job_configuration": {"command": "{{ command }}", "env": {f"NAME_{n}": str(n) for n in range(40)}}}


def change(address, action, *fields, to=(), impact=(), adopts=False, **more):
    """A change of an object that refers to the addresses `to`."""
    kind, _, name = address.partition("/")
    place = Address(kind, name)
    references = tuple(Reference((), Address(*target.split("/", 1))) for target in to)
    manifest = Manifest(place, Spec(), Key(*place), references=references)
    desired = None if action is Action.DELETE else manifest
    former = tuple(reference.target for reference in references) if desired is None else ()
    live = None if action is Action.CREATE else Live(manifest.key, Spec(), "id")
    return Change(place, action, fields, desired, live, former, adopts, impact, **more)


def runs(state, effect, count):
    """That many runs which a change affects."""
    return tuple(AffectedRun(f"{state}-{effect}-{n}", state, effect) for n in range(count))


PLAN = Plan(
    "prod",
    (
        change("WorkPool/gpu", Action.NONE),
        change(
            "WorkPool/anyscale",
            Action.REPLACE,
            FieldChange(("type",), "process", "anyscale", "the type cannot be changed in place"),
            FieldChange(
                ("base_job_template",),
                TEMPLATE,
                {"job_configuration": {**TEMPLATE["job_configuration"], "command": "run"}},
            ),
            impact=runs(RunState.RUNNING, Effect.ORPHANED, 2),
        ),
        change("ComputeConfig/big", Action.CREATE, FieldChange(("head_node", "instance_type"), ABSENT, "m5.2xlarge")),
        change("Variable/limit", Action.UPDATE, FieldChange(("value",), 3, 4), risks=(Risk.LOOSENS_PROTECTION,)),
        change(
            "Block/secret/db-password",
            Action.UPDATE,
            FieldChange(("data", "value"), Sealed("hunter2"), Sealed("hunter3"), "the stored secret differs"),
            risks=(Risk.SAFE,),
        ),
        change(
            "InfraBlock/train",
            Action.UPDATE,
            FieldChange(("compute_config",), "big", "big", "ComputeConfig/big is created"),
            to=["ComputeConfig/big"],
        ),
        change(
            "Deployment/nightly",
            Action.UPDATE,
            FieldChange(("schedules", "nightly", "cron"), "0 3 * * *", "0 4 * * *"),
            FieldChange(("description",), "counts\nup", "counts\ndown\n" + "and up " * 20),
            to=["WorkPool/anyscale", "InfraBlock/train"],
            impact=(*runs(RunState.SCHEDULED, Effect.DROPPED, 3), *runs(RunState.LATE, Effect.DROPPED, 1)),
        ),
        change(
            "Deployment/weekly",
            Action.UPDATE,
            FieldChange(("work_queue",), "test", "prod"),
            to=["WorkPool/anyscale"],
            impact=runs(RunState.SCHEDULED, Effect.MOVED, 1),
        ),
        change(
            "Deployment/hourly",
            Action.UPDATE,
            to=["WorkPool/gpu"],
            contract=(
                ContractChange("region", ParameterChange.REMOVED, True, "", (Hit(HitSort.SCHEDULE, "at-noon"),)),
                ContractChange("days", ParameterChange.DEFAULT, False, "1 → 7"),
            ),
        ),
        change("Variable/found", Action.NONE, adopts=True),
        change("Deployment/old", Action.DELETE, to=["WorkPool/gpu"], impact=runs(RunState.LATE, Effect.DROPPED, 1)),
    ),
    ("the override prod-sizes has run out on 2026-01-02: @octocat knows, see #12",),
    breaches=("3 deletes, and limits.max_deletes is 2",),
    protection=((Address("WorkPool", "gpu"), False), (Address("Deployment", "nightly"), True)),
    verdicts=(
        Violation("no-deletes", Severity.DENY, "ask the owners first", Address("Deployment", "old")),
        Violation("big-heads", Severity.WARN, "a large head costs", Address("ComputeConfig", "big")),
    ),
    chains=(
        chain(Address("Deployment", "nightly"), [link(Part.POOL, Verdict.OK, "apply makes the WorkPool anyscale")]),
        chain(Address("Deployment", "hourly"), [link(Part.WORKER, Verdict.NOT, "no worker is online in the pool gpu")]),
        chain(Address("Deployment", "weekly"), [link(Part.SECRETS, Verdict.UNKNOWN, "it was not fetched")]),
    ),
)
