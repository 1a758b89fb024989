"""The environment variables of a workload: texts, references to secrets, and what pfa-gitops itself keeps there. Pure.

References travel as references, as JSON in PFA_GITOPS_SECRET_ENV, and are resolved where the workload starts.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from pfa_gitops.model.credentials import ANYSCALE_TOKEN, PREFECT_CREDENTIALS
from pfa_gitops.model.places import Path
from pfa_gitops.model.secrets import EnvValue, SecretRef, is_secret_ref
from pfa_gitops.platforms.anyscale._agent_arguments import SECRET_ENV
from pfa_gitops.platforms.anyscale._workload_live import FILES_DIGEST
from pfa_gitops.platforms.anyscale._workload_spec import WorkloadFields
from pfa_gitops.platforms.base import Flaw
from pfa_gitops.platforms.compute_shapes import ComputeShape

RESERVED = (SECRET_ENV, FILES_DIGEST)


def written_variables(env: Mapping[str, EnvValue], files_digest: str | None) -> dict[str, str]:
    """The variables as Anyscale keeps them."""
    references = {name: reference(value) for name, value in env.items() if isinstance(value, SecretRef)}
    variables = {name: value for name, value in env.items() if isinstance(value, str)}
    if references:
        variables[SECRET_ENV] = json.dumps(references, sort_keys=True)
    if files_digest:
        variables[FILES_DIGEST] = files_digest
    return variables


def live_variables(variables: Mapping[str, str]) -> dict[str, Any]:
    """The variables as a manifest has them."""
    try:
        references = json.loads(variables.get(SECRET_ENV, "{}"))
    except ValueError:
        references = {}
    clear = {name: value for name, value in variables.items() if name not in RESERVED}
    return clear | {name: live_reference(value) for name, value in references.items()}


def reference(ref: SecretRef | None) -> dict[str, Any] | None:
    """A reference as it travels."""
    return None if ref is None else ref.model_dump(exclude_none=True)


def live_reference(value: Any) -> SecretRef | None:
    """A reference that travelled."""
    return SecretRef.model_validate(value) if is_secret_ref(value) else None


def variable_flaws(env: Mapping[str, EnvValue], path: Path, mend: str) -> Iterator[Flaw]:
    """Variables that are not the reader's to set, and credentials that everybody could read."""
    for name, value in env.items():
        if name in RESERVED:
            yield Flaw((*path, name), f"{name} is set by pfa-gitops itself", "take it out")
        if isinstance(value, str) and name in {*PREFECT_CREDENTIALS, ANYSCALE_TOKEN}:
            yield Flaw((*path, name), f"{name} stands in clear", mend)


def cloud_flaws(spec: WorkloadFields, path: Path, whose: str) -> Iterator[Flaw]:
    """A workload and its cluster are in one cloud, which the workload names."""
    shape = spec.compute_config
    if isinstance(shape, ComputeShape) and shape.cloud not in (None, spec.cloud):
        own = spec.cloud or "not named here"
        message = f"the compute config's cloud {shape.cloud} is not {whose}'s ({own})"
        yield Flaw((*path, "compute_config", "cloud"), message, f"name the cloud once, as {whose}'s `cloud`")
