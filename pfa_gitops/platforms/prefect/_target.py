"""Which Prefect to talk to, and how. Reads files through `_settings`; sends nothing."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from pfa_gitops.model.errors import NotConfigured, ReaderError
from pfa_gitops.model.secrets import Sealed
from pfa_gitops.platforms.prefect._settings import PrefectSettings, as_flag, as_mapping, as_seconds, read_settings
from pfa_gitops.platforms.urls import is_http, server_of

CLOUD_API_URL = "https://api.prefect.cloud/api"
PROTECTED_HEADERS = frozenset({"user-agent", "prefect-csrf-token", "prefect-csrf-client"})
"""Custom headers may not set these; Prefect's client ignores them too."""


@dataclass(frozen=True)
class PrefectTarget:
    """The address of a Prefect API and what a request to it needs. Secrets are sealed."""

    api_url: str
    api_key: Sealed | None = None
    auth_string: Sealed | None = None
    """`user:password` of a self-hosted server. It comes before the key."""
    custom_headers: Mapping[str, Sealed] = field(default_factory=dict)
    tls_verify: bool = True
    ca_file: str | None = None
    http2: bool = False
    timeout_s: float = 60.0
    """For one request, in seconds."""
    csrf: bool = True
    """Whether the client fetches a CSRF token when the server asks for one. Never asked by Prefect Cloud."""
    cloud: bool = False
    """Whether it is Prefect Cloud, which takes more than a server of one's own."""

    @property
    def shown_url(self) -> str:
        """The URL without a user and password that may stand in it."""
        parts = urlsplit(self.api_url)
        return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()

    @property
    def console(self) -> str:
        """Where the pages of its UI are, without a slash at the end."""
        if self.cloud:
            away = self.shown_url.replace("//api.", "//app.", 1).replace("/api/", "/", 1)
            return away.replace("/accounts/", "/account/").replace("/workspaces/", "/workspace/")
        return self.shown_url.removesuffix("/api")

    @property
    def place(self) -> str:
        """What tells this server from another one, for people."""
        return f"Prefect at {self.shown_url}"

    @classmethod
    def from_environment(
        cls,
        environ: Mapping[str, str],
        home: Path,
        directory: Path,
        *,
        api_url: str | None = None,
        api_key: Sealed | None = None,
        auth_string: Sealed | None = None,
    ) -> "PrefectTarget":
        """Read the settings as Prefect's own client does; what is given here comes before them.

        Where `api_url` is of another server than the settings', their credentials are not for it, and are not sent.
        `home` is the user's home directory, `directory` the working directory. Raises ReaderError where no URL is
        found, or a setting or its file cannot be read.
        """
        settings = read_settings(environ, home, directory)
        url = _checked_url(api_url or settings.get("api.url"), settings)
        cloud = settings.get("cloud.api_url") or CLOUD_API_URL
        known = api_url is None or _same_server(url, settings.get("api.url"))
        headers = as_mapping(settings, "client.custom_headers") if known else {}
        return cls(
            api_url=url,
            api_key=api_key or _seal(known and settings.get("api.key")),
            auth_string=auth_string or _seal(known and settings.get("api.auth_string")),
            custom_headers={
                name: Sealed(value) for name, value in headers.items() if name.lower() not in PROTECTED_HEADERS
            },
            tls_verify=not as_flag(settings, "api.tls_insecure_skip_verify", default=False),
            ca_file=settings.get("api.ssl_cert_file") or environ.get("SSL_CERT_FILE") or None,
            http2=as_flag(settings, "api.enable_http2", default=False),
            timeout_s=as_seconds(settings, "api.request_timeout", 60.0),
            csrf=as_flag(settings, "client.csrf_support_enabled", default=True) and not url.startswith(cloud),
            cloud=url.startswith(cloud),
        )


def _seal(value: object) -> Sealed | None:
    return Sealed(str(value)) if value else None


def _same_server(url: str, usual: object) -> bool:
    """Whether credentials that came with `usual` are for `url`. Those that came without a URL are for any."""
    return not usual or (is_http(str(usual)) and server_of(url) == server_of(str(usual)))


def _checked_url(url: object, settings: PrefectSettings) -> str:
    if not url:
        missing = settings.missing_profile
        raise NotConfigured(
            f"the Prefect profile {missing} does not exist" if missing else "no Prefect server is configured",
            "set PREFECT_API_URL, e.g. http://127.0.0.1:4200/api, or choose a profile that has one",
        )
    if not is_http(str(url)):
        raise ReaderError(
            f"the Prefect URL is not an http or https address; it is from {settings.source('api.url')}",
            "set PREFECT_API_URL, e.g. http://127.0.0.1:4200/api",
        )
    return str(url).rstrip("/")
