"""Which Anyscale, as whom, and where in it. Reads the credentials file that Anyscale's own CLI writes; no network."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pfa_gitops.model.errors import ReaderError
from pfa_gitops.model.secrets import Sealed

DEFAULT_HOST = "https://console.anyscale.com"
CREDENTIALS = Path(".anyscale/credentials.json")
"""Relative to the home directory. The CLI knows no other place (anyscale 0.26.112, authenticate.py)."""


@dataclass(frozen=True)
class AnyscaleTarget:
    """An Anyscale host and what to use there."""

    host: str
    """The console's URL without a slash at its end: with one, Anyscale answers 404."""
    token: Sealed
    cloud: str | None = None
    """The cloud's name. Default: the organisation's default cloud."""
    project: str | None = None
    """The project's name. Default: the cloud's default project."""

    @classmethod
    def from_environment(
        cls, environ: Mapping[str, str], home: Path, cloud: str | None = None, project: str | None = None
    ) -> "AnyscaleTarget":
        """Read ANYSCALE_HOST and ANYSCALE_CLI_TOKEN, else the CLI's credentials file below `home`.

        Raises ReaderError when there is no token.
        """
        host = environ.get("ANYSCALE_HOST") or DEFAULT_HOST
        token = environ.get("ANYSCALE_CLI_TOKEN") or _token_from_file(home / CREDENTIALS)
        if not token.startswith("sss_") and not (token.startswith("a") and "_" in token):
            raise ReaderError("the Anyscale token is no Anyscale token", _MEND)  # the SDK's own test of the format
        return cls(host.rstrip("/"), Sealed(token), cloud, project)


_MEND = "set ANYSCALE_CLI_TOKEN, or run `anyscale login`"


def _token_from_file(path: Path) -> str:
    if not path.is_file():
        raise ReaderError("no Anyscale credentials are set", _MEND)
    try:
        token = json.loads(path.read_text())["cli_token"]
    except (OSError, ValueError, KeyError, TypeError):
        raise ReaderError(f"the Anyscale credentials in {path} cannot be read", _MEND) from None
    return str(token)
