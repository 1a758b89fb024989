"""What the job runner registers with Prefect: its block types, and the work pool template of its worker. Pure.

The document is generated from the runner's classes, so that nothing here imports Prefect.
"""

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any


@cache
def runner_documents() -> Mapping[str, Any]:
    """The generated document: `blocks` by slug, `base_job_template`, `worker_type`."""
    text = files("pfa_gitops.platforms.prefect").joinpath("runner_documents.json").read_text(encoding="utf-8")
    document: Mapping[str, Any] = json.loads(text)
    return document
