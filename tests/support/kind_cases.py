"""One data-driven test per kind: create, plan nothing, change each field and change it back, delete.

A case is a YAML file:

    kind: Variable
    name: case-variable          # metadata.name
    spec: {…}                    # with every field, so that each can be changed
    environment: {TOKEN: abc}    # for secret references
    needs: [{kind, name, spec}]  # what must be there before
    same: [{…}]                  # fields written in other words: the plan has nothing to do
    says_the_default: [cloud]    # fields of the spec without which the object is the same
    edits:                       # each is applied to the base spec, and then undone
      - spec: {tags: [b]}        # fields to replace
        action: replace          # default: update
        environment: {TOKEN: xyz}
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError
from support.empty_fields import emptied
from support.ledgers import MemoryLedger, OpenLock

from pfa_gitops.engine.apply import Apply
from pfa_gitops.engine.observe import observe
from pfa_gitops.engine.ownership import claims
from pfa_gitops.engine.plan import make_plan
from pfa_gitops.engine.planning import Planned
from pfa_gitops.engine.record import Record
from pfa_gitops.engine.seal import seal
from pfa_gitops.model.places import Address
from pfa_gitops.model.values import Action, Change, Manifest, Outcome, Plan, Result
from pfa_gitops.platforms.registry import kinds
from pfa_gitops.platforms.secret_stores import SecretStores


@dataclass(frozen=True)
class Case:
    """One file of a case."""

    path: Path
    kind: str
    name: str
    spec: Mapping[str, Any]
    environment: Mapping[str, str] = field(default_factory=dict)
    needs: Sequence[Mapping[str, Any]] = ()
    same: Sequence[Mapping[str, Any]] = ()
    edits: Sequence[Mapping[str, Any]] = ()
    says_the_default: Sequence[str] = ()

    @classmethod
    def read(cls, path: Path) -> "Case":
        return cls(path, **yaml.safe_load(path.read_text()))


def read_cases(directory: Path) -> list[Case]:
    return [Case.read(path) for path in sorted(directory.glob("*.yaml"))]


@dataclass(frozen=True)
class Workbench:
    """Open clients, and the folder in which cases find their source files."""

    clients: Mapping[str, Any]
    root: Path
    ledger: MemoryLedger = field(default_factory=MemoryLedger)
    """What was applied so far. Of that, a plan looks at its own manifests only: nothing is pruned."""

    @property
    def forgetful(self) -> "Workbench":
        """The same bench, which knows nothing of what was applied before: what is not named was never named."""
        return replace(self, ledger=MemoryLedger())

    def manifest(self, kind: str, name: str, spec: Mapping[str, Any]) -> Manifest[Any]:
        """Make a manifest as the pipeline does, without files and references."""
        manifest, problems = self.draft(kind, name, spec)
        assert problems == []
        assert manifest is not None
        return manifest

    def draft(self, kind: str, name: str, spec: Mapping[str, Any]) -> tuple[Manifest[Any] | None, list[str]]:
        """The manifest, where its types are right, and what is wrong with it."""
        known = kinds()[kind]
        try:
            completed = known.complete(known.spec.model_validate(spec), self.root)
        except ValidationError as error:
            return None, [str(error)]
        if completed.flaws:
            return None, [flaw.message for flaw in completed.flaws]
        manifest = Manifest(Address(kind, name), completed.spec, known.key(name, completed.spec), adopt=True)
        return manifest, [problem.message for problem in known.check(manifest)]

    async def plan(self, manifests: Sequence[Manifest[Any]], environment: Mapping[str, str] | None = None) -> Plan:
        """Plan without problems."""
        plan, problems = await self.attempt(manifests, environment)
        assert problems == []
        return plan

    async def attempt(
        self, manifests: Sequence[Manifest[Any]], environment: Mapping[str, str] | None = None
    ) -> tuple[Plan, list[str]]:
        """Plan, and say what stands in the way."""
        sealed, missing = await seal(manifests, kinds(), SecretStores(environment or {}).fetch)
        inventory = self.ledger.only(manifest.address for manifest in manifests)
        found = claims(sealed, inventory, kinds())
        observed = await observe([*found.former.values(), *found.wanted], kinds(), self.clients)
        problems = [problem.message for problem in [*missing, *observed.problems]]
        return make_plan(found, observed.lives, inventory, kinds()), problems

    async def run(self, plan: Plan, ready_timeout_seconds: float = 120) -> tuple[Outcome, ...]:
        """Apply; the outcomes."""
        manifests = {change.address: change.manifest for change in plan.changes if change.desired is not None}
        stored = self.ledger.inventory
        record = Record(Planned(plan, stored, stored, manifests), self.ledger.write)
        timeout = ready_timeout_seconds
        return await Apply(plan, kinds(), self.clients, record, OpenLock(), ready_timeout_seconds=timeout).run()

    async def apply(self, plan: Plan) -> None:
        """Apply without a failure."""
        outcomes = await self.run(plan)
        assert [(str(outcome.change.address), outcome.problem) for outcome in outcomes if outcome.problem] == []
        assert all(outcome.result is Result.DONE for outcome in outcomes)

    async def delete(self, manifest: Manifest[Any], environment: Mapping[str, str] | None = None) -> None:
        """Delete through the kind, twice: the second finds nothing and says nothing. Then nothing is observed."""
        [change] = (await self.plan([manifest], environment)).changes
        kind = kinds()[manifest.address.kind]
        for _ in range(2):
            await kind.delete(self.clients[kind.platform], change.live)
        [change] = (await self.plan([manifest], environment)).changes
        assert change.action is Action.CREATE, show(change)


async def run_case(case: Case, bench: Workbench) -> None:
    """Take one object through everything that its kind can do."""
    needs = [bench.manifest(**need) for need in case.needs]
    for need in needs:
        await bench.apply(await bench.plan([need], case.environment))
    base = bench.manifest(case.kind, case.name, case.spec)
    await _expect(bench, base, case.environment, Action.CREATE)
    for other in case.same:
        manifest = bench.manifest(case.kind, case.name, {**case.spec, **other})
        # What it does not say was never said, as far as this bench knows.
        await _expect_nothing(bench.forgetful, manifest, case.environment)
    for edit in case.edits:
        action = Action(edit.get("action", "update"))
        changed = bench.manifest(case.kind, case.name, {**case.spec, **edit.get("spec", {})})
        await _expect(bench, changed, {**case.environment, **edit.get("environment", {})}, action, edit)
        await _expect(bench, base, case.environment, action, edit)
    await bench.delete(base, case.environment)
    for need in reversed(needs):
        await bench.delete(need, case.environment)


async def run_left_out(case: Case, bench: Workbench) -> None:
    """Each field leaves the manifest: the object is then what it would be without it, and stays so."""
    for need in case.needs:
        await bench.apply(await bench.plan([bench.manifest(**need)], case.environment))
    base = bench.manifest(case.kind, case.name, case.spec)
    stays = {*kinds()[case.kind].rules.lasting, *case.says_the_default}
    failures = []
    await bench.apply(await bench.plan([base], case.environment))
    for field_name in case.spec:
        manifest, refused = bench.draft(
            case.kind, case.name, {key: value for key, value in case.spec.items() if key != field_name}
        )
        if manifest is None or refused or manifest.key != base.key:
            continue
        await bench.apply(await bench.plan([base], case.environment))
        plan, refused = await bench.attempt([manifest], case.environment)
        if refused:
            continue
        goes = field_name not in stays and not is_default(base, field_name)
        if plan.changes[0].changed != ({field_name} if goes else set()):
            failures.append(f"{field_name}: {show(plan.changes[0])}")
        await bench.apply(plan)
        [again] = (await bench.plan([manifest], case.environment)).changes
        failures += [f"{field_name} again: {show(again)}"] if again.action is not Action.NONE else []
    await bench.delete(base, case.environment)
    assert not failures, "\n".join(failures)


def is_default(manifest: Manifest[Any], field_name: str) -> bool:
    """Whether a field says what leaving it out means."""
    default = type(manifest.spec).model_fields[field_name].get_default(call_default_factory=True)
    return bool(getattr(manifest.spec, field_name) == default)


async def run_emptied(case: Case, bench: Workbench) -> None:
    """Each field null, and each empty, where validation lets that pass: it can be written, and then stays."""
    for need in case.needs:
        await bench.apply(await bench.plan([bench.manifest(**need)], case.environment))
    failures = []
    for number, (label, spec) in enumerate(emptied(kinds()[case.kind].spec, case.spec)):
        for name in (case.name, f"{case.name}-{number}"):  # an update of what is there, and a new one
            failures += [f"{label}: {failure}" for failure in await _settles(case, bench, name, spec)]
    assert not failures, "\n".join(failures)


async def _settles(case: Case, bench: Workbench, name: str, spec: Mapping[str, Any]) -> list[str]:
    """What goes wrong when the spec is applied and planned again; nothing where it is refused before."""
    manifest, refused = bench.draft(case.kind, name, spec)
    if manifest is None or refused:
        return []
    plan, refused = await bench.attempt([manifest], case.environment)
    if refused:
        return []
    outcomes = await bench.run(plan)
    if failed := [outcome.problem.message for outcome in outcomes if outcome.problem]:
        return failed
    [change] = (await bench.plan([manifest], case.environment)).changes
    return [] if change.action is Action.NONE else [show(change)]


async def _expect(
    bench: Workbench,
    manifest: Manifest[Any],
    environment: Mapping[str, str],
    action: Action,
    edit: Mapping[str, Any] | None = None,
) -> None:
    """The plan does `action` and names the edited fields and no others; after it there is nothing to do."""
    plan = await bench.plan([manifest], environment)
    [change] = plan.changes
    assert change.action is action, show(change)
    if edit and "spec" in edit:
        assert change.changed == set(edit["spec"]), show(change)
    await bench.apply(plan)
    await _expect_nothing(bench, manifest, environment)


async def _expect_nothing(bench: Workbench, manifest: Manifest[Any], environment: Mapping[str, str]) -> None:
    [change] = (await bench.plan([manifest], environment)).changes
    assert change.action is Action.NONE, show(change)


def show(change: Change) -> str:
    """What a failing test says."""
    fields = [f"{field.path}: {field.before!r} -> {field.after!r}" for field in change.fields]
    return f"{change.address} {change.action}: " + "; ".join(fields)
