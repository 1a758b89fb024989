"""Writes what Prefect must know of the runner: the block types, their schemas and the pool's template.

`apply` registers these from the file, without importing Prefect. Run by `make generate`.
"""

import json
from pathlib import Path
from typing import Any

from prefect.blocks.core import Block

from pfa_gitops.runner.blocks import AnyscaleJob, RayJob
from pfa_gitops.runner.worker import AnyscaleWorker

FILE = Path(__file__).parents[1] / "platforms" / "prefect" / "runner_documents.json"


def runner_documents() -> dict[str, Any]:
    """The bodies that Prefect's REST API takes: `blocks` by slug with `type` and `schema`, and `base_job_template`."""
    return {
        "blocks": {block.get_block_type_slug(): _block(block) for block in (AnyscaleJob, RayJob)},
        "base_job_template": AnyscaleWorker.get_default_base_job_template(),
        "worker_type": AnyscaleWorker.type,
    }


def _block(block: type[Block]) -> dict[str, Any]:
    kind = block._to_block_type()
    schema = block._to_block_schema()
    return {
        "type": kind.model_dump(mode="json", exclude={"id", "created", "updated", "is_protected"}),
        "schema": {
            "fields": schema.fields,
            "capabilities": sorted(schema.capabilities),
            "version": schema.version,
            "checksum": schema.checksum,
        },
    }


def text() -> str:
    """The file's content."""
    return json.dumps(runner_documents(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    FILE.write_text(text())
