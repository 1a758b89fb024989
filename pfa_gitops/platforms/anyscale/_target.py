"""Which Anyscale, as whom, and where in it. Reads the credentials file that Anyscale's own CLI writes; no network."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pfa_gitops.model.errors import NotConfigured, ReaderError
from pfa_gitops.model.secrets import Sealed
from pfa_gitops.platforms.urls import is_http

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

    @property
    def place(self) -> str:
        """What tells this part of Anyscale from another one, for people."""
        return f"Anyscale at {self.host}, cloud {self.cloud or '(default)'}, project {self.project or '(default)'}"

    @classmethod
    def from_environment(
        cls,
        environ: Mapping[str, str],
        home: Path,
        cloud: str | None = None,
        project: str | None = None,
        *,
        host: str | None = None,
        token: Sealed | None = None,
    ) -> "AnyscaleTarget":
        """Read ANYSCALE_HOST and ANYSCALE_CLI_TOKEN, else the CLI's credentials file below `home`.

        `host` and `token` come before them. Raises ReaderError when the host is no address, when there is no token,
        or when the one that is there belongs to another host.
        """
        usual = (environ.get("ANYSCALE_HOST") or DEFAULT_HOST).rstrip("/")
        wanted = (host or usual).rstrip("/")
        if not is_http(wanted):
            mend = "set ANYSCALE_HOST, or the environment's anyscale.host, e.g. https://console.anyscale.com"
            raise ReaderError("the Anyscale host is no http or https address", mend)
        if token is None and wanted != usual:
            raise NotConfigured(f"the Anyscale token is for {usual}, and is not sent to {wanted}", _OTHER_HOST_MEND)
        text = token.reveal() if token else environ.get("ANYSCALE_CLI_TOKEN") or _token_from_file(home / CREDENTIALS)
        return cls(wanted, Sealed(_checked(text)), cloud, project)


_MEND = "set ANYSCALE_CLI_TOKEN, or run `anyscale login`"
_OTHER_HOST_MEND = "set ANYSCALE_HOST to that host, or name the host's own token: `cli_token: {from_env: NAME}`"


def _checked(token: str) -> str:
    if not (token.isascii() and token.isprintable()):
        mend = "check ANYSCALE_CLI_TOKEN for line breaks"
        raise ReaderError("the Anyscale token has a character that no header can carry", mend)
    if not token.startswith("sss_") and not (token.startswith("a") and "_" in token):
        raise ReaderError("the Anyscale token is no Anyscale token", _MEND)  # the SDK's own test of the format
    return token


def _token_from_file(path: Path) -> str:
    if not path.is_file():
        raise NotConfigured("no Anyscale credentials are set", _MEND)
    try:
        token = json.loads(path.read_text())["cli_token"]
    except (OSError, ValueError, KeyError, TypeError):
        raise ReaderError(f"the Anyscale credentials in {path} cannot be read", _MEND) from None
    return str(token)
