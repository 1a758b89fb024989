"""`python -m pfa_gitops.runner.execute`: a job's first process. It prepares the job, then becomes the flow's process.

It names the run's page in the job's log, fetches the job's secrets and lets the flow's folder reach every node. The
references to secrets stand in PFA_GITOPS_SECRET_ENV; the values go into this process's environment and nowhere else.
"""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Mapping, MutableMapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from pfa_gitops.model.errors import PfaError, ReaderError, SecretMissing
from pfa_gitops.model.secrets import SecretRef
from pfa_gitops.platforms.anyscale._agent_arguments import SECRET_ENV
from pfa_gitops.platforms.secret_stores import SecretStores
from pfa_gitops.runner.run_page import run_page
from pfa_gitops.runner.runtime_env import install_hook

_SIGTERM_BEHAVIOR = "PREFECT_FLOW_RUN_EXECUTE_SIGTERM_BEHAVIOR"
"""Without it SIGTERM ends `prefect flow-run execute` and leaves the flow's process behind (measured with 3.8.8). With
`relinquish` the flow's process ends, too, says nothing of the run's state, and the exit code lets Anyscale retry."""
DEFAULT = [sys.executable, "-m", "prefect", "flow-run", "execute"]


def main(arguments: Sequence[str], environment: MutableMapping[str, str]) -> int:
    """Prepare, then replace this process. Returns only when that failed."""
    command = [*arguments[1:]] if arguments[:1] == ["--"] else [*arguments]
    command = command or DEFAULT
    try:
        _prepare(environment)
    except PfaError as error:
        sys.stderr.write(f"{error.message}. {error.mend}\n")
        return error.exit_code
    try:
        os.execvpe(command[0], command, dict(environment))  # noqa: S606 - the job's own command
    except OSError as error:
        sys.stderr.write(f"{command[0]} cannot be started: {error.strerror}\n")
        return 1


def _prepare(environment: MutableMapping[str, str]) -> None:
    """Say which run this is, fetch the secrets, name the hook. Raises ReaderError and errors of the stores."""
    known = _say_page(environment)
    asyncio.run(fetch_into(environment))
    if not known:
        _say_page(environment)  # the server's address may have been among the secrets
    install_hook(environment)
    environment.setdefault(_SIGTERM_BEHAVIOR, "relinquish")


def _say_page(environment: Mapping[str, str]) -> bool:
    """Link from the job's log to the run. It must be the first line, and out before this process is replaced."""
    if (page := run_page(environment)) is None:
        return False
    sys.stdout.write(f"Flow run: {page}\n")
    sys.stdout.flush()
    return True


async def fetch_into(environment: MutableMapping[str, str]) -> None:
    """Replace the variable with the references by the variables that they are for. Raises ReaderError."""
    references = references_in(environment)
    environment.pop(SECRET_ENV, None)
    # A Prefect block is read with Prefect's own credentials, so those come first.
    stores = SecretStores(environment=environment, read_block=partial(_read_block, environment))
    for name in sorted(references, key=lambda name: references[name].from_prefect_block is not None):
        environment[name] = (await stores.fetch(references[name])).reveal()


def references_in(environment: Mapping[str, str]) -> dict[str, SecretRef]:
    """The references to secrets, by the variable that each is for. Raises ReaderError."""
    try:
        found = json.loads(environment.get(SECRET_ENV, "{}"))
        return {name: SecretRef.model_validate(value) for name, value in found.items()}
    except (ValueError, AttributeError):
        raise ReaderError(f"{SECRET_ENV} holds no references to secrets", "let the worker set it") from None


async def _read_block(environment: Mapping[str, str], slug: str, name: str) -> Mapping[str, Any]:
    """Read a block with Prefect's own client, which takes its credentials from this process's settings."""
    import httpx  # noqa: PLC0415 - few jobs need these
    from prefect.client.orchestration import get_client  # noqa: PLC0415
    from prefect.exceptions import ObjectNotFound  # noqa: PLC0415

    try:
        async with _credentials_of(environment), get_client() as client:
            return (await client.read_block_document_by_name(name, slug)).data
    except (ObjectNotFound, httpx.HTTPError) as error:
        reason = "it is not there" if isinstance(error, ObjectNotFound) else type(error).__name__
        raise SecretMissing(f"the Prefect block {slug}/{name} cannot be read: {reason}", "check its name") from None


@asynccontextmanager
async def _credentials_of(environment: Mapping[str, str]) -> AsyncIterator[None]:
    """Let Prefect's client use the credentials that were fetched after Prefect had read its settings."""
    from prefect.settings import PREFECT_API_AUTH_STRING, PREFECT_API_KEY, temporary_settings  # noqa: PLC0415

    known = {setting: environment.get(setting.name) for setting in (PREFECT_API_KEY, PREFECT_API_AUTH_STRING)}
    with temporary_settings(updates={setting: value for setting, value in known.items() if value}):
        yield


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
