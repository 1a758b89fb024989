"""A deployment's job variables: the one mapping in Prefect that infra_block, infra_overrides and job_variables share.

Pure. Reading is guided by the manifest: a variable is shown where the manifest names it.
"""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from pydantic import ValidationError

from pfa_gitops.model.plain import plain, set_fields
from pfa_gitops.platforms.prefect._deployment_spec import DeploymentSpec
from pfa_gitops.platforms.prefect._infra_fields import InfraFields
from pfa_gitops.platforms.prefect._placeholders import INFRA_TYPES

INFRA = "infra"
"""The variable of the worker's job template that takes a whole infra block."""
WHOLE_BLOCK = re.compile(rf"\{{\{{\s*prefect\.blocks\.(?P<type>{'|'.join(INFRA_TYPES)})\.(?P<name>[a-z0-9-]+)\s*\}}\}}")

Variables = Mapping[str, Any]
BlockTypes = Mapping[str, frozenset[str]]
"""The types of the infra blocks that are live, by name."""


class Parts(NamedTuple):
    """The job variables as the fields of a Deployment that they come from."""

    infra_block: str | None
    infra_overrides: InfraFields | None
    job_variables: dict[str, Any]


def whole_block(block_type: str, name: str) -> str:
    """The placeholder for which the worker puts in all fields of a block when a run starts."""
    return f"{{{{ prefect.blocks.{block_type}.{name} }}}}"


def split(variables: Variables, wanted: DeploymentSpec, types: BlockTypes) -> Parts:
    """Tell for each live variable which field it belongs to."""
    named = set(wanted.job_variables)
    block = None if INFRA in named else _block(variables.get(INFRA), types)
    rest = {name: value for name, value in variables.items() if block is None or name != INFRA}
    overrides = {name: value for name, value in rest.items() if name not in named and _overrides(wanted, name)}
    left = {name: value for name, value in rest.items() if name not in overrides}
    missing = not overrides and wanted.infra_overrides is None
    return Parts(block, None if missing else _infra_fields(overrides), left)


def _overrides(wanted: DeploymentSpec, name: str) -> bool:
    return "infra_overrides" in wanted.model_fields_set and name in InfraFields.model_fields


def _block(value: Any, types: BlockTypes) -> str | None:
    """The name of the block that a placeholder means. One of another type than the live block is told with its type."""
    match = WHOLE_BLOCK.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        return None
    name, block_type = match["name"], match["type"]
    return name if block_type in types.get(name, {block_type}) else f"{block_type}/{name}"


def _infra_fields(values: dict[str, Any]) -> InfraFields:
    """Live values need not fit our types: the platform takes any."""
    try:
        return InfraFields.model_validate(values)
    except ValidationError:
        return InfraFields.model_construct(**values)


def joined(desired: DeploymentSpec, live: Variables, parts: Parts | None, block_type: str | None) -> dict[str, Any]:
    """All variables to write: the live ones, with those that the manifest's fields name put in place of theirs."""
    result = dict(live)
    named = desired.model_fields_set
    if "job_variables" in named:
        for name in parts.job_variables if parts else ():
            del result[name]
        result |= plain(desired.job_variables)
    if "infra_block" in named:
        if parts and parts.infra_block is not None:
            del result[INFRA]
        if desired.infra_block is not None and block_type is not None:
            result[INFRA] = whole_block(block_type, desired.infra_block)
    if "infra_overrides" in named:
        if desired.infra_overrides is None:
            for name in set_fields(parts.infra_overrides) if parts and parts.infra_overrides else ():
                del result[name]
        else:
            result |= plain(desired.infra_overrides)
    return result
