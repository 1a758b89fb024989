"""What can be wrong with a Deployment beyond its types. Pure."""

from collections.abc import Iterable, Iterator, Mapping

from pfa_gitops.model.errors import Problem
from pfa_gitops.model.plain import set_fields
from pfa_gitops.model.values import Manifest
from pfa_gitops.platforms.base import Flaw
from pfa_gitops.platforms.prefect import _parameter_values, _schedules
from pfa_gitops.platforms.prefect._deployment_spec import DeploymentSpec
from pfa_gitops.platforms.prefect._job_variables import INFRA
from pfa_gitops.platforms.prefect._naming import check_name
from pfa_gitops.platforms.prefect._placeholders import clear_secrets


def check(manifest: Manifest[DeploymentSpec]) -> Iterator[Problem]:
    """Every problem of one manifest, each with its place."""
    yield from check_name(manifest, manifest.platform_name)
    if manifest.spec.flow_name is not None:
        yield from check_name(manifest, manifest.spec.flow_name, ("flow_name",))
    for path, message, mend in _flaws(manifest.spec):
        yield manifest.problem(path, message, mend)


def _flaws(spec: DeploymentSpec) -> Iterator[Flaw]:
    yield from _clashes(spec)
    yield from _variable_clashes(spec)
    yield from _clear_secrets(spec)
    yield from _parameter_flaws(spec)
    yield from (Flaw(("schedules", *path), message, mend) for path, message, mend in _schedules.flaws(spec.schedules))


def _clashes(spec: DeploymentSpec) -> Iterator[Flaw]:
    if spec.work_pool is None:
        for name in ("work_queue", "infra_block", "infra_overrides"):
            if getattr(spec, name) is not None:
                yield Flaw((name,), f"{name} means nothing without work_pool", "name the work pool too")
    if spec.storage is not None and spec.pull_steps is not None:
        yield Flaw(("storage",), "storage and pull_steps both say where the code is", "keep one of them")
    if spec.global_concurrency_limit and spec.concurrency_limit and spec.concurrency_limit.limit:
        mend = "keep one of them; a collision_strategy may stay"
        yield Flaw(("concurrency_limit",), "a deployment has a limit of its own or a global one, not both", mend)


def _variable_clashes(spec: DeploymentSpec) -> Iterator[Flaw]:
    """One job variable, named twice."""
    if spec.infra_block is not None and INFRA in spec.job_variables:
        yield Flaw(("job_variables", INFRA), f"infra_block sets the job variable `{INFRA}` too", "keep one of them")
    for name in set_fields(spec.infra_overrides) if spec.infra_overrides else ():
        if name in spec.job_variables:
            yield Flaw(("job_variables", name), f"infra_overrides sets `{name}` too", "keep one of them")


def _clear_secrets(spec: DeploymentSpec) -> Iterator[Flaw]:
    """Only where the run becomes a job of ours: on other pools the placeholder is the way to pass a secret."""
    if spec.infra_overrides is not None:
        yield from clear_secrets(spec.infra_overrides.env or {}, ("infra_overrides", "env"))
    if spec.infra_block is not None and isinstance(env := spec.job_variables.get("env"), Mapping):
        yield from clear_secrets(env, ("job_variables", "env"))


def _parameter_flaws(spec: DeploymentSpec) -> Iterator[Flaw]:
    if "parameter_openapi_schema" not in spec.model_fields_set:
        return
    yield from _value_flaws(spec, ("parameters",), spec.parameters)
    for index, schedule in enumerate(spec.schedules):
        yield from _value_flaws(spec, ("schedules", index, "parameters"), schedule.parameters)
        without = _parameter_values.missing(spec.parameter_openapi_schema, spec.parameters | schedule.parameters)
        if without and schedule.active:
            message = f"the scheduled runs would lack the parameter {', '.join(f'`{name}`' for name in without)}"
            yield Flaw(("schedules", index), message, "set it in `parameters`")


def _value_flaws(spec: DeploymentSpec, path: tuple[str | int, ...], parameters: dict[str, object]) -> Iterable[Flaw]:
    schema = spec.parameter_openapi_schema
    found = [*_parameter_values.unknown(schema, parameters)]
    if spec.enforce_parameter_schema:
        found += _parameter_values.mistyped(schema, parameters)
    return [Flaw((*path, *flaw.path), flaw.message, flaw.mend) for flaw in found]
