"""What is wrong with an Agent's manifest beyond its types. Pure.

No credential stands in clear: Anyscale shows a service's configuration to whoever may see the service.
"""

from collections.abc import Iterator

from pfa_gitops.model.credentials import ANYSCALE_TOKEN
from pfa_gitops.model.errors import Problem
from pfa_gitops.model.secrets import SecretRef
from pfa_gitops.model.values import Manifest
from pfa_gitops.platforms.anyscale._agent_spec import AgentSpec
from pfa_gitops.platforms.anyscale._workload_variables import RESERVED, cloud_flaws
from pfa_gitops.platforms.urls import is_http, parts_of

CREDENTIALS = {"PREFECT_API_KEY": "prefect.api_key", "PREFECT_API_AUTH_STRING": "prefect.auth_string"}
BLOCK_MEND = "keep it elsewhere: from_aws_secret, from_file or from_env"

Wanted = Manifest[AgentSpec]


def problems(manifest: Wanted) -> Iterator[Problem]:
    """Everything that is wrong with it."""
    yield from _of_env(manifest)
    yield from _of_prefect(manifest)
    for flaw in cloud_flaws(manifest.spec, (), "the agent"):
        yield manifest.problem(*flaw)
    if manifest.spec.development and manifest.spec.working_dir is None:
        message = "development needs a working_dir, which is what the service installs"
        yield manifest.problem(("development",), message, "name a checkout of pfa-gitops as working_dir")


def _of_env(manifest: Wanted) -> Iterator[Problem]:
    for name, value in manifest.spec.env.items():
        if name in RESERVED:
            yield manifest.problem(("env", name), f"{name} is set by pfa-gitops itself", "take it out")
        if isinstance(value, str) and name in {*CREDENTIALS, ANYSCALE_TOKEN}:
            place = CREDENTIALS.get(name)
            mend = f"give it under {place}, as a reference" if place else "give a reference, e.g. {from_env: NAME}"
            yield manifest.problem(("env", name), f"{name} stands in clear", mend)
        if name in CREDENTIALS and _is_in_prefect(value):
            message = f"{name} cannot come from a Prefect block, which is read with it"
            yield manifest.problem(("env", name), message, BLOCK_MEND)


def _of_prefect(manifest: Wanted) -> Iterator[Problem]:
    prefect = manifest.spec.prefect
    for field in ("api_key", "auth_string"):
        if _is_in_prefect(getattr(prefect, field)):
            message = f"prefect.{field} cannot come from a Prefect block, which is read with it"
            yield manifest.problem(("prefect", field), message, BLOCK_MEND)
    if not is_http(prefect.api_url):
        message = "prefect.api_url is no http or https address"
        yield manifest.problem(("prefect", "api_url"), message, "write the API's URL; it usually ends with /api")
    if (parts := parts_of(prefect.api_url)) and "@" in parts.netloc:
        message = "prefect.api_url holds a login in clear"
        mend = "take it out of the URL and give it under prefect.auth_string, as a reference"
        yield manifest.problem(("prefect", "api_url"), message, mend)


def _is_in_prefect(value: str | SecretRef | None) -> bool:
    return isinstance(value, SecretRef) and value.from_prefect_block is not None
