"""What of the worker's environment goes to the job, and what never does. Pure.

A job's environment is stored in its config and shown by Anyscale to everybody who may see the job. So it holds no
secret in clear: references travel in PFA_GITOPS_SECRET_ENV, and `pfa_gitops.runner.execute` fetches them in the job.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

from pfa_gitops.model.credentials import ANYSCALE_TOKEN, PREFECT_CREDENTIALS
from pfa_gitops.model.errors import ReaderError
from pfa_gitops.model.secrets import SecretRef, is_secret_ref
from pfa_gitops.platforms.anyscale._agent_arguments import SECRET_ENV

# Prefect's credentials the worker has in clear, and the job needs them too. For each, where the job finds it stands
# in the worker's variable PFA_GITOPS_<NAME>_SOURCE, as a reference in JSON.
_URL_WITH_CREDENTIALS = re.compile(r"https?://[^/\s?#@]+@|[a-z][\w+.-]*://[^/\s?#@]*:[^/\s?#@]*@", re.IGNORECASE)

_WORKERS_OWN = re.compile(
    "PREFECT_(HOME|PROFILES_PATH|LOGGING_CONFIG_PATH|LOGGING_SETTINGS_PATH|RESULTS_LOCAL_STORAGE_PATH"
    "|LOCAL_STORAGE_PATH|MEMO_STORE_PATH|API_SSL_CERT_FILE|CLIENT_METRICS_.*"
    "|WORKER_.*|SERVER_.*|RUNNER_SERVER_.*|API_DATABASE_.*|UI_.*|TESTING_.*|CLI_.*|PLUGINS_.*)"
)


def source_variable(name: str) -> str:
    """The worker's variable that says where a job finds the credential `name`."""
    return f"PFA_GITOPS_{name}_SOURCE"


def job_environment(own: Mapping[str, Any], complete: Mapping[str, Any]) -> dict[str, Any]:
    """Return `complete` without the worker's own settings. `own`, what block and overrides set, always stays."""
    return {name: value for name, value in complete.items() if name in own or not _WORKERS_OWN.fullmatch(name)}


def sealed_environment(environment: Mapping[str, Any], worker: Mapping[str, str]) -> dict[str, str]:
    """Return the job's environment as it may be stored: references under SECRET_ENV, nothing secret in clear.

    `worker` is the worker's environment, which says where the credentials are kept. Raises ReaderError when a
    credential would have to travel in clear.
    """
    references = {name: value for name, value in environment.items() if is_secret_ref(value)}
    clear = {name: str(value) for name, value in environment.items() if name not in references}
    clear.pop(ANYSCALE_TOKEN, None)  # Anyscale gives its clusters a token of their own
    for name in [name for name, value in clear.items() if _is_secret(name, value)]:
        references[name] = _source(name, worker)
        del clear[name]
    if references:
        clear[SECRET_ENV] = json.dumps({name: references[name] for name in sorted(references)})
    return clear


def wrong_sources(worker: Mapping[str, str]) -> list[str]:
    """What is wrong with the variables that say where jobs find credentials: each would crash every run."""
    flaws = []
    for variable in map(source_variable, sorted(PREFECT_CREDENTIALS)):
        try:
            if text := worker.get(variable):
                SecretRef.model_validate_json(text)
        except ValueError:
            flaws.append(f'{variable} is no reference to a secret: write it as {{"from_env": "NAME"}}')
    return flaws


def _is_secret(name: str, value: str) -> bool:
    return name in PREFECT_CREDENTIALS or _URL_WITH_CREDENTIALS.search(value) is not None


def _source(name: str, worker: Mapping[str, str]) -> dict[str, Any]:
    """Where a job finds a credential that the worker has in clear."""
    variable = source_variable(name)
    if not (text := worker.get(variable)):
        raise ReaderError(
            f"the job needs {name}, and a job's environment is no place for a secret",
            f"set {variable} for the worker to where the job finds it, or {name} itself in the block's env: "
            '{"from_aws_secret": {"id": "…", "region": "us-west-2"}}',
        )
    try:
        return SecretRef.model_validate_json(text).model_dump(exclude_none=True)
    except ValueError:
        raise ReaderError(f"{variable} is no reference to a secret", 'write it as {"from_env": "NAME"}') from None
