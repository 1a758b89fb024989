"""A flow run's page in Prefect's UI, told from a job's environment. Pure.

Prefect's own `url_for` does the same; importing it takes seconds, of every job.
"""

import re
from collections.abc import Mapping
from urllib.parse import urlsplit, urlunsplit

from pfa_gitops.platforms.urls import is_http

_CLOUD_API = re.compile(r"^https://api(?=[.\w]*\.prefect\.[^./]+/)")


def run_page(environment: Mapping[str, str]) -> str | None:
    """The page of the run that this job executes; None where run or server are not known. Holds no credentials."""
    run_id = environment.get("PREFECT__FLOW_RUN_ID")
    pages = environment.get("PREFECT_UI_URL") or _pages_of(environment.get("PREFECT_API_URL", ""))
    if not run_id or not is_http(pages):
        return None
    parts = urlsplit(pages)
    server = urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path.rstrip("/"), "", ""))
    return f"{server}/runs/flow-run/{run_id}"


def _pages_of(api: str) -> str:
    """Where a server with this API has its pages. Prefect Cloud's are on another host, with singular words."""
    pages = _CLOUD_API.sub("https://app", api).rstrip("/").removesuffix("/api").replace("/api/", "/", 1)
    return pages.replace("/accounts/", "/account/").replace("/workspaces/", "/workspace/")
