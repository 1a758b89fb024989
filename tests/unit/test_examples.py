"""The examples are valid, name their schemas, and `all-kinds` leaves no field out."""

import json
import re
import typing
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import BaseModel

from pfa_gitops.manifests.pipeline import read_workspace
from pfa_gitops.platforms.registry import kinds

EXAMPLES = Path(__file__).parents[2] / "examples"
FOREIGN = EXAMPLES / "convert"  # other tools' files, which `pfa-gitops convert` makes manifests of
FILES = sorted(
    path for path in EXAMPLES.rglob("*.yaml*") if ".pfa-gitops" not in path.parts and FOREIGN not in path.parents
)
NOW = datetime(2026, 1, 1, tzinfo=UTC)  # before any override of the examples runs out
ENVIRON = {"PROD_PREFECT_API_URL": "https://prefect.example.com/api"}


def workspace(name, environment):
    return read_workspace(EXAMPLES / name, environment, kinds(), ENVIRON, dict, now=NOW)


@pytest.mark.parametrize("name", ["quickstart", "all-kinds"])
@pytest.mark.parametrize("environment", ["dev", "prod"])
def test_an_example_is_valid_in_each_environment(name, environment):
    found = workspace(name, environment)
    assert found.environment.name == environment
    assert all(" ends in 379 days: " in notice for notice in found.notices)
    assert len(found.manifests) >= 7


@pytest.mark.parametrize("name", ["infra-blocks", "ray-nodes", "s3-storage"])
def test_a_guides_example_is_valid(name):
    found = workspace(name, "dev")
    assert found.notices == ()
    assert {manifest.address.kind for manifest in found.manifests} >= {"WorkPool", "InfraBlock", "Deployment"}


@pytest.mark.parametrize("file", FILES, ids=lambda path: str(path.relative_to(EXAMPLES)))
def test_a_file_begins_with_its_schema(file):
    line, text = file.read_text().split("\n", 1)
    schema = re.fullmatch(r"# yaml-language-server: \$schema=(.+)", line)
    assert schema, line
    assert (file.parent / schema[1]).is_file()
    kind = Path(schema[1]).stem
    assert set(re.findall(r"^kind: (\w+)", text, re.MULTILINE)) == {kind}


@pytest.mark.parametrize("environment", ["dev", "fork"])
def test_the_agents_example_is_valid_and_its_fork_needs_no_image(environment):
    found = read_workspace(
        EXAMPLES / "agent", environment, kinds(), {"PREFECT_API_URL": "https://x.example.com/api"}, dict, now=NOW
    )
    agent = {str(one.address): one.spec for one in found.manifests}["Agent/agent-example"]
    assert str(agent.prefect.api_key) == "from_aws_secret prefect-api-key in us-west-2"
    assert agent.development is (environment == "fork")


def test_prod_differs_from_dev_by_overrides_only():
    dev, prod = (
        {str(found.address): found.spec for found in workspace("quickstart", name).manifests}
        for name in ("dev", "prod")
    )
    assert dev.keys() == prod.keys()
    assert prod["Deployment/prefect-test"].parameters == {"highest_number": 1000}
    assert prod["Deployment/prefect-test"].work_queue == "prod"
    assert prod["Block/test-storage"].type == "s3-bucket"
    assert "basepath" not in prod["Block/test-storage"].data
    assert str(prod["Agent/prefect-agent"].prefect.api_key) == "from_aws_secret prefect-api-key in us-west-2"
    assert dev["Agent/prefect-agent"].prefect.api_key is None


@pytest.mark.parametrize("name", ["quickstart", "all-kinds"])
@pytest.mark.parametrize("environment", ["dev", "prod"])
def test_the_image_has_the_classes_of_all_block_types(name, environment):
    installed = (EXAMPLES / name / "Containerfile").read_text().partition("pip install")[2].split()
    specs = {str(found.address): found.spec for found in workspace(name, environment).manifests}
    named = {spec.type for address, spec in specs.items() if address.startswith("Block/")}
    assert named
    assert named - block_types_of_prefect() - block_types_of(installed) == set()


def block_types_of_prefect():
    import prefect.main  # noqa: F401, PLC0415 - it registers Prefect's own block types, and takes seconds
    from prefect.blocks.core import Block  # noqa: PLC0415 - the same
    from prefect.utilities.dispatch import get_registry_for_type  # noqa: PLC0415 - the same

    own = get_registry_for_type(Block) or {}
    return {slug for slug, found in own.items() if found.__module__.startswith("prefect.")}


def block_types_of(packages):
    """What Prefect's own catalogue says: the block types of its integrations, by package."""
    import prefect.server  # noqa: PLC0415 - see above

    catalogue = Path(prefect.server.__file__).parent / "collection_blocks_data.json"
    collections = json.loads(catalogue.read_text())["collections"]
    return {slug for package in packages for slug in collections.get(package, {}).get("block_types", ())}


def test_all_kinds_leaves_no_field_out():
    found = workspace("all-kinds", "dev")
    assert {manifest.address.kind for manifest in found.manifests} == set(kinds())
    written: dict[type, set[str]] = defaultdict(set)
    for manifest in found.manifests:
        for model in models_in(manifest.spec):
            for part in type(model).__mro__:  # a field that a subclass writes is written
                written[part] |= model.model_fields_set
    left_out = {
        f"{model.__name__}.{name}"
        for kind in kinds().values()
        for model in model_types(kind.spec, set())
        for name, info in model.model_fields.items()
        if name not in written[model] and not (info.json_schema_extra or {}).get("readOnly")
    }
    assert left_out == set()


def models_in(value) -> Iterator[BaseModel]:
    """All models in a value."""
    if isinstance(value, BaseModel):
        yield value
        value = [getattr(value, name) for name in type(value).model_fields]
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from models_in(item)


def model_types(annotation, seen) -> set[type[BaseModel]]:
    """All model classes that a type mentions."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel) and annotation not in seen:
        seen.add(annotation)
        for info in annotation.model_fields.values():
            model_types(info.annotation, seen)
    for argument in typing.get_args(annotation):
        model_types(argument, seen)
    return seen
