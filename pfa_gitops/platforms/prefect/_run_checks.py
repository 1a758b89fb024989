"""Holds what a single run is given against its deployment and work pool as they are on the server. Reads only.

Prefect refuses parameters that do not fit without naming those that would, and takes a job variable that nothing reads.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from pfa_gitops.model.closest import did_you_mean
from pfa_gitops.model.errors import Problem, ProblemsFound
from pfa_gitops.platforms.base import Flaw
from pfa_gitops.platforms.prefect import _parameter_values
from pfa_gitops.platforms.prefect._client import Item, PrefectClient
from pfa_gitops.platforms.prefect._infra_fields import InfraFields
from pfa_gitops.platforms.prefect._naming import in_path
from pfa_gitops.platforms.prefect._placeholders import clear_secrets
from pfa_gitops.platforms.prefect._runner_documents import runner_documents

Given = Mapping[str, Any]


async def check_given(client: PrefectClient, deployment: Item, parameters: Given, job_variables: Given) -> None:
    """Raise ProblemsFound where a run with these values would be refused, would fail, or would not heed them."""
    flaws = [*_parameter_flaws(deployment, parameters)]
    if job_variables:
        flaws += _job_variable_flaws(await _pool(client, deployment), job_variables)
    if flaws:
        raise ProblemsFound([Problem(flaw.message, flaw.mend) for flaw in flaws])


def _parameter_flaws(deployment: Item, given: Given) -> Iterator[Flaw]:
    """Only where the deployment enforces its schema: else it may be an old one."""
    schema = deployment.get("parameter_openapi_schema") or {}
    if not deployment.get("enforce_parameter_schema"):
        return
    yield from _parameter_values.unknown(schema, given)
    yield from _parameter_values.mistyped(schema, given)
    for name in _parameter_values.missing(schema, {**(deployment.get("parameters") or {}), **given}):
        yield Flaw((name,), f"the run would lack the parameter `{name}`", f"add --param {name}=VALUE")


async def _pool(client: PrefectClient, deployment: Item) -> Item | None:
    name = deployment["work_pool_name"]
    return dict(await client.get(f"/work_pools/{in_path(name)}")) if name else None


def _job_variable_flaws(pool: Item | None, given: Given) -> Iterator[Flaw]:
    if pool is None:
        yield Flaw((), "the deployment has no work pool, so that job variables mean nothing", "leave them out")
        return
    schema = (pool.get("base_job_template") or {}).get("variables") or {}
    names = schema.get("properties") or {}
    for name in given:
        if names and name not in names and not schema.get("additionalProperties"):
            takes = f"it has {', '.join(names)}"
            message = f"the work pool {pool['name']} has no job variable `{name}`"
            yield Flaw((name,), message, did_you_mean(name, names, takes))
    if pool["type"] == runner_documents()["worker_type"]:
        yield from _infra_flaws(given)
    else:
        yield from _parameter_values.mistyped(schema, given)


def _infra_flaws(given: Given) -> Iterator[Flaw]:
    """The rules of a deployment's `infra_overrides`."""
    fields = {name: value for name, value in given.items() if name in InfraFields.model_fields}
    try:
        InfraFields.model_validate(fields)
    except ValidationError as error:
        for found in error.errors(include_input=False, include_url=False):
            place = ".".join(str(part) for part in found["loc"])
            yield Flaw((place,), f"the job variable `{place}` does not fit: {found['msg']}")
    if isinstance(env := given.get("env"), Mapping):
        yield from clear_secrets(env, ("env",))
