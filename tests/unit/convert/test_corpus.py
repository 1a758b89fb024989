"""Real prefect.yaml files: each becomes manifests that are valid, or is refused for a reason; no value is lost."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.corpus import CORPUS

from pfa_gitops.convert.convert import convert, files
from pfa_gitops.convert.emit import document_text
from pfa_gitops.convert.values import Conversion, Report
from pfa_gitops.convert.written import Written, read_file
from pfa_gitops.manifests.pipeline import read_workspace
from pfa_gitops.platforms.registry import kinds

PASSED_OVER = {"build", "push", "is_paused"}
"""Steps, which are told by themselves, and a key that is false in all of these files, as it is anyway."""
REASONS = (
    "names no entrypoint, so that nobody knows its flow",
    "a deployment without a name: `prefect deploy` passes over it",
    "Prefect does not take the name",
)
GIT = {"short_commit": "abc1234", "commit": "abc", "branch": "main"}
DEFAULTS = (None, "", True, "UTC", [], {})
PLACEHOLDER = re.compile(r"\{\{.*?\}\}")


@pytest.mark.parametrize("file", CORPUS, ids=lambda file: file.stem)
def test_a_real_file_becomes_valid_manifests_or_is_refused_for_a_reason(file, tmp_path):
    done = convert(file.read_text(), file, tmp_path, kinds())
    refused = [problem for sort, problem in done.remarks if sort == "refused"]
    assert all(any(reason in problem.message for reason in REASONS) for problem in refused), refused
    written = read_deployments(file)
    triggers = sum(len(list(one.get("triggers").elements())) for one in written)
    assert len(done.manifests) + len(refused) == len(written) + triggers
    if done.manifests:
        found = read_workspace(write(done, tmp_path), None, kinds(), environment(done), GIT)
        assert len(found.manifests) == len(done.manifests)
        assert found.notices == ()


@pytest.mark.parametrize("file", CORPUS, ids=lambda file: file.stem)
def test_every_value_of_a_real_file_is_in_its_manifest_or_told(file, tmp_path):
    done = convert(file.read_text(), file, tmp_path, kinds())
    told = {problem.origin for _, problem in done.remarks}
    refused = {problem.origin for sort, problem in done.remarks if sort == "refused"}
    there = "\n".join(text for one in done.manifests for text in texts(one.document))
    for deployment in read_deployments(file):
        for leaf in leaves(deployment) if not refused & {deployment.at, deployment.get("name").at} else ():
            around = {leaf.places.of_key(leaf.path[:end]) for end in range(3, len(leaf.path) + 1)}
            carried = all(piece in there for piece in PLACEHOLDER.split(plain(leaf.value)))
            meaningless = (leaf.path[-1], leaf.value) == ("catchup", False)  # what every version does
            assert carried or told & around or meaningless, (leaf.path, leaf.value)


def read_deployments(file: Path) -> list[Written]:
    return list(read_file(file.read_text(), str(file), Report()).root.get("deployments").elements())


def write(done: Conversion, folder: Path) -> Path:
    for name, document in files(done).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(document_text(document))
    return folder


def environment(done: Conversion) -> dict[str, str]:
    return dict.fromkeys(done.project.get("spec", {}).get("env", []), "1")


def leaves(written: Written) -> Iterator[Written]:
    """The values that say something."""
    inner = [item for name, item in written.items() if name not in PASSED_OVER] + list(written.elements())
    for item in inner:
        yield from leaves(item)
    if not inner and not any(written.value is one or written.value == one for one in DEFAULTS):
        yield written


def plain(value: Any) -> str:
    """A value as a manifest writes it: whole seconds as a whole number."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from texts(item)
    else:
        yield str(value)
