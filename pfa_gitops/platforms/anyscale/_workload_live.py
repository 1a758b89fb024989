"""A live workload in the manifest's terms: its files and packages, its cluster. Reads only."""

from collections.abc import Mapping
from typing import Any

from pfa_gitops.platforms.anyscale._answers import Cloud, ComputeTemplate
from pfa_gitops.platforms.anyscale._client import AnyscaleClient
from pfa_gitops.platforms.anyscale._default_heads import worded_shape
from pfa_gitops.platforms.anyscale._source_files import is_remote
from pfa_gitops.platforms.anyscale._workload_spec import IMAGE_FIELDS, FieldsT, WorkloadFields
from pfa_gitops.platforms.compute_shapes import ComputeShape

FILES_DIGEST = "PFA_GITOPS_WORKING_DIR_DIGEST"
"""The variable that holds the digest of a workload's local directories."""


def live_runtime(environment: Mapping[str, Any], wanted: WorkloadFields) -> dict[str, Any]:
    """The fields that a runtime environment tells."""
    return {
        "requirements": _live_requirements(environment.get("pip")),
        "working_dir": _live_working_dir(environment, wanted),
        "py_modules": _live_modules(environment, wanted),
        "excludes": environment.get("excludes") or None,
        "py_executable": environment.get("py_executable"),
        "files_digest": (environment.get("env_vars") or {}).get(FILES_DIGEST),
    }


def _live_requirements(pip: Any) -> list[str] | None:
    """Ray takes a list, or a mapping that holds it."""
    packages = pip.get("packages") if isinstance(pip, Mapping) else pip
    return list(packages) if packages else None


def _live_working_dir(environment: Mapping[str, Any], wanted: WorkloadFields) -> str | None:
    """A local directory is compared by `files_digest`: where it lies on whose machine means nothing.

    What the manifest does not name is told as the upload, so that another deploy takes that again.
    """
    if "working_dir" not in wanted.model_fields_set:
        return environment.get("working_dir")
    live = environment.get("user_provided_working_dir") or environment.get("working_dir")
    if live and wanted.working_dir and not is_remote(live) and not is_remote(wanted.working_dir):
        return wanted.working_dir
    return live


def _live_modules(environment: Mapping[str, Any], wanted: WorkloadFields) -> list[str] | None:
    if "py_modules" not in wanted.model_fields_set:
        return environment.get("py_modules")
    live = environment.get("user_provided_py_modules") or environment.get("py_modules") or []
    asked = wanted.py_modules or []
    alike = len(live) == len(asked) and all(
        here == there or not (is_remote(here) or is_remote(there)) for here, there in zip(live, asked, strict=True)
    )
    return wanted.py_modules if alike else live or None


async def live_compute_config(
    client: AnyscaleClient, cloud: Cloud, compute_config_id: str, wanted: WorkloadFields
) -> str | ComputeShape | None:
    """NAME when the manifest says so and the live version is the latest, else NAME:VERSION, else the shape itself."""
    template = await client.compute_config_by_id(compute_config_id)
    asked = wanted.compute_config
    if asked is None and "compute_config" in wanted.model_fields_set:
        default = await client.default_compute_config(cloud)
        if default.id == template.id:
            return None
    if template.anonymous:
        return await worded_shape(client, cloud, template, asked if isinstance(asked, ComputeShape) else None)
    return await _named(client, cloud, template, asked)


async def compute_config_name(
    client: AnyscaleClient, cloud: Cloud, config_id: str | None, asked: str | None
) -> str | None:
    """The name of a compute config that cannot be written out in its place."""
    if config_id is None:
        return None
    return await _named(client, cloud, await client.compute_config_by_id(config_id), asked)


async def _named(client: AnyscaleClient, cloud: Cloud, template: ComputeTemplate, asked: object) -> str:
    if asked == template.name:
        latest = await client.compute_configs(cloud, template.name)
        if latest and latest[0].id == template.id:
            return template.name
    return f"{template.name}:{template.version}"


def settled(spec: FieldsT, wanted: FieldsT) -> FieldsT:
    """Drop of the live side what the manifest names in another way: the image, the files."""
    named = [field for field in IMAGE_FIELDS if getattr(wanted, field) is not None]
    dropped = [field for field in IMAGE_FIELDS if named and field not in named]
    if wanted.containerfile is not None:
        details = {"ray_version", "registry_login_secret"}  # of the image that was there
        dropped += sorted(details - wanted.model_fields_set)
    if {"working_dir", "py_modules"} & wanted.model_fields_set and wanted.files_digest is None:
        dropped.append("files_digest")
    return spec.model_copy(update=dict.fromkeys(dropped))
