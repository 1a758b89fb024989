"""The variables that a command of the action sees. The token is taken out, and of a stranger's job all secrets.

Pure, but for the mapping that is handed in.
"""

import hashlib
import io
import json
import re
import tempfile
from collections.abc import Iterator, Mapping, MutableMapping
from pathlib import Path

from dotenv import dotenv_values

from pfa_gitops.model.errors import ReaderError
from pfa_gitops.platforms.secret_stores import APART

TOKEN, MORE, PUBLIC = "GITHUB_TOKEN", "PFA_VARIABLES", "PFA_PUBLIC_VARIABLES"
UNSET_WHERE_EMPTY = (
    *("PREFECT_API_URL", "PREFECT_API_KEY", "PREFECT_API_AUTH_STRING", "PREFECT_PROFILE"),
    *("ANYSCALE_HOST", "ANYSCALE_CLI_TOKEN"),
)
"""What a workflow hands over: an expression without a value gives an empty text, and counts as left out."""
URLS = frozenset(
    {
        *("PREFECT_API_URL", "ANYSCALE_HOST"),
        *("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"),
    }
)
"""They may hold a user and a password, which a stranger does not get."""
KEPT = URLS | frozenset(
    {
        *("PATH", "USER", "LANG", "LC_ALL", "TZ", "TMPDIR", "RUNNER_TEMP", "NO_COLOR", "DO_NOT_TRACK", "CI"),
        *("SSL_CERT_FILE", "SSL_CERT_DIR", "NO_PROXY", "no_proxy"),
        *("GITHUB_ACTIONS", "GITHUB_ACTOR", "GITHUB_API_URL", "GITHUB_EVENT_NAME", "GITHUB_EVENT_PATH"),
        *("GITHUB_OUTPUT", "GITHUB_REF", "GITHUB_REPOSITORY", "GITHUB_RUN_ID", "GITHUB_SERVER_URL", "GITHUB_SHA"),
        *("GITHUB_STEP_SUMMARY", "PFA_ARGUMENTS", "PFA_COMMAND", "PFA_DIRECTORY", "PFA_ENVIRONMENT", PUBLIC),
    }
)
"""What a stranger's pull request is planned with, beside a home of its own."""
NOT_TO_SET = ("GITHUB_", "RUNNER_", "ACTIONS_", "PFA_", "LD_", "PYTHON")


def take_token(environ: MutableMapping[str, str]) -> str:
    """The token, which no command and no process below this one sees from here on."""
    return environ.pop(TOKEN, "")


def prepare(environ: MutableMapping[str, str]) -> list[str]:
    """Make the variables those of the command; the values of `MORE`, which are secrets.

    GitHub hides the lines NAME=VALUE, not the values. Raises ReaderError for variables that may not be set.
    """
    public, more = (dict(_variables(environ.pop(name, ""))) for name in (PUBLIC, MORE))
    for name in UNSET_WHERE_EMPTY:
        if environ.get(name) == "":
            del environ[name]
    environ.update(public | more)
    return list(more.values())


def of_a_stranger(environ: Mapping[str, str], home: Path) -> dict[str, str]:
    """The variables of a process that plans what a stranger wrote: no secret, whatever the workflow hands over.

    It must be a new process: `/proc/self/environ` is what a process began with.
    """
    kept = {
        name: value for name, value in environ.items() if name in KEPT and not (name in UNSET_WHERE_EMPTY and not value)
    }
    urls = {name: _without_login(kept[name]) for name in URLS & kept.keys()}
    return {**kept, **urls, "HOME": str(home), APART: "true"}


def _without_login(url: str) -> str:
    """A URL without user and password. Up to the last @: a password may hold any character, be it by mistake."""
    return re.sub(r"^(https?://)?.*@", r"\1", url, flags=re.IGNORECASE | re.DOTALL)


def _variables(text: str) -> Iterator[tuple[str, str]]:
    for name, value in dotenv_values(stream=io.StringIO(text), interpolate=False).items():
        if name.startswith(NOT_TO_SET) or name == "PATH":
            raise ReaderError(f"the input variables may not set {name}", "name it otherwise")
        if value:
            yield name, value


def set_apart(environ: Mapping[str, str], directory: Path, environment: str | None) -> Path:
    """A folder for one project and environment that is no part of the checkout."""
    name = hashlib.sha256(json.dumps([str(directory), environment]).encode()).hexdigest()[:12]
    return Path(environ.get("RUNNER_TEMP") or tempfile.gettempdir()) / "pfa-gitops" / name
