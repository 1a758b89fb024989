"""What only a deployment.yaml of Prefect 2 says: where the code is, and on what it ran. Pure."""

from collections.abc import Mapping
from typing import Any

from pfa_gitops.convert.templates import Translator
from pfa_gitops.convert.values import Sort
from pfa_gitops.convert.written import Written

KEYS = frozenset({
    "work_pool_name", "work_queue_name", "infra_overrides", "is_schedule_active", "storage", "path", "infrastructure",
    "parameter_openapi_schema", "manifest_path", "timestamp",
})  # fmt: skip
SLUG, NAME = "_block_type_slug", "_block_document_name"
SLUGS: Mapping[str, str] = {
    "s3": "s3-bucket",
    "gcs": "gcs-bucket",
    "azure": "azure-blob-storage-container",
    "github": "github-repository",
}
"""Storage blocks of Prefect 2 that have another type in Prefect 3."""
INFRA = frozenset({"anyscale-job", "ray-job"})


def storage_of(written: Written, translator: Translator) -> dict[str, str] | None:
    """The storage block, by its type in Prefect 3 and its name."""
    storage = written.get("storage")
    slug, name = storage.get(SLUG).value, storage.get(NAME).value
    if not storage.value:
        return None
    if not isinstance(slug, str) or not isinstance(name, str):
        translator.note(Sort.LOST, "a storage that names no block", "write storage: {block: type/name}", storage.at)
        return None
    block = f"{SLUGS.get(slug, slug)}/{name}"
    if slug in SLUGS:
        message = f"Prefect 3 has no block {slug}; its place has {SLUGS[slug]}, which is to be made"
        translator.note(Sort.OPEN, message, f"make a block {block}, or a Block manifest of it", storage.at)
    translator.report.refers.add(f"Block/{block}")
    return {"block": block}


def infra_block_of(written: Written, translator: Translator) -> str | None:
    """The infra block's name, where the infrastructure is one of ours."""
    infra = written.get("infrastructure")
    slug, name = infra.get(SLUG).value or infra.get("block_type_slug").value, infra.get(NAME).value
    if not infra.value:
        return None
    if isinstance(slug, str) and slug in INFRA and isinstance(name, str):
        translator.report.refers.add(f"InfraBlock/{name}")
        return name
    message = f"the infrastructure {slug or infra.get('type').value or ''} is Prefect 2's"
    mend = "make a work pool of that type, and write its values into job_variables"
    translator.note(Sort.LOST, message, mend, infra.at)
    return None


def schema_of(written: Written, *, has_source: bool) -> Any:
    """The schema of the parameters, where the flow's source is not there to tell it."""
    return None if has_source else written.get("parameter_openapi_schema").value
