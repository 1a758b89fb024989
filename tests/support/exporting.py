"""Exports live objects into a folder, and reads that folder again as the commands do."""

import json
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from support.kind_cases import Case, Workbench, show

from pfa_gitops.cli.written import write_files
from pfa_gitops.convert.values import Conversion, Remark, Report, Sort
from pfa_gitops.engine.unmanaged import read_claimed
from pfa_gitops.export.choose import choose
from pfa_gitops.export.export import Place, export
from pfa_gitops.manifests.pipeline import Workspace, read_workspace
from pfa_gitops.model.places import Address
from pfa_gitops.model.values import Action, Key, Manifest, Owner
from pfa_gitops.platforms.registry import kinds

NOBODY = Owner("exported", "default")


class Secrets(dict[str, str]):
    """Variables that have any name, and then the case's secret of that name, or else its only one."""

    def __missing__(self, name: str) -> str:
        [text] = {text for known, text in self.items() if name.endswith(known)} or set(self.values())
        with suppress(ValueError):  # a file of several secrets
            return next((item for key, item in json.loads(text).items() if name.endswith(key.upper())), text)
        return text

    def get(self, name: str, default: Any = None) -> Any:
        return self[name]

    def __contains__(self, name: object) -> bool:
        return True


async def exported(bench: Workbench, folder: Path, wanted: Sequence[Key]) -> Conversion:
    """Export these objects into `folder`, in place of what is there."""
    claimed, failures = await read_claimed(kinds().values(), bench.clients, [], [])
    assert failures == []
    report = Report()
    chosen = choose(claimed, [Address(*key) for key in wanted], NOBODY, report)
    done = await export(chosen, kinds(), bench.clients, Place("exported", folder), report)
    write_files(done, folder, force=True)
    return done


def read(folder: Path, environment: Mapping[str, str]) -> Workspace:
    """Read the folder's project."""
    return read_workspace(folder, None, kinds(), environment, dict)


def texts(folder: Path) -> str:
    return "\n".join(file.read_text() for file in sorted(folder.rglob("*.yaml")))


def refused(done: Conversion) -> list[str]:
    return [remark.problem.message for remark in done.remarks if remark.sort is Sort.REFUSED]


def show_lost(remark: Remark) -> tuple[str, str]:
    return str(remark.problem.address), remark.problem.message


async def run_export(case: Case, bench: Workbench, folder: Path, lost: Sequence[tuple[str, str]] = ()) -> None:
    """Made, exported and read again the object is what it was; made anew of the export, it is the same again.

    `lost` is what is told that no manifest can say; then it is not made anew.
    """
    needs = [bench.manifest(**need) for need in case.needs]
    base = bench.manifest(case.kind, case.name, case.spec)
    for manifest in [*needs, base]:
        await bench.apply(await bench.plan([manifest], case.environment))
    together = [base] if case.kind == "WorkQueue" else [*needs, base]  # it is for a pool that is somebody else's
    done = await exported(bench, folder, [manifest.key for manifest in together])
    assert [show_lost(one) for one in done.remarks if one.sort is not Sort.OPEN] == list(lost)
    secrets = Secrets(case.environment)
    for secret in case.environment.values():
        assert secret not in texts(folder)
    found = {manifest.key: manifest for manifest in read(folder, secrets).manifests}
    assert found.keys() == {manifest.key for manifest in together}
    await _expect_nothing(bench.forgetful, list(found.values()), secrets)
    if case.kind != "Image" and not lost:  # an image's name can never be used again
        await _same_made_anew(case, bench, base, found[base.key], secrets)
    else:
        await bench.delete(base, case.environment)
    for need in reversed(needs):
        await bench.delete(need, case.environment)


async def _same_made_anew(
    case: Case, bench: Workbench, base: Manifest[Any], made: Manifest[Any], secrets: Secrets
) -> None:
    await bench.delete(base, case.environment)
    anew = bench.forgetful
    await anew.apply(await anew.plan([made], secrets))
    await _expect_nothing(bench.forgetful, [base], case.environment)
    await anew.delete(made, secrets)


async def _expect_nothing(bench: Workbench, manifests: Sequence[Manifest[Any]], secrets: Mapping[str, str]) -> None:
    changes = (await bench.plan(manifests, secrets)).changes
    assert [show(change) for change in changes if change.action is not Action.NONE] == []


def variables(done: Conversion) -> list[str]:
    """The environment variables that the remarks name."""
    return [
        name
        for remark in done.remarks
        if remark.sort is Sort.OPEN
        for name in re.findall(r"[A-Z][A-Z0-9_]+", remark.problem.mend)[:1]
    ]
