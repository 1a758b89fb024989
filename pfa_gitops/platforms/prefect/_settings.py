"""Reads Prefect's own settings as Prefect's client does, without importing it. Reads files; writes and sends nothing.

The order, strongest first [settings/base.py of Prefect 3.8.8]: the environment, `.env`, `prefect.toml`,
`[tool.prefect]` in `pyproject.toml`, the active profile. Files are those of the working directory; the profiles are
in `$PREFECT_HOME/profiles.toml`. Variable names mean the same in any case.
"""

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

from pfa_gitops.model.errors import ReaderError
from pfa_gitops.platforms.bounded_files import read_bounded

MAX_BYTES = 5_000_000
"""Of a file of settings: some stand in the working directory, which may be a stranger's repository."""
DEFAULT_PROFILES: Mapping[str, Mapping[str, str]] = {
    "ephemeral": {},
    "local": {"PREFECT_API_URL": "http://127.0.0.1:4200/api"},
}
"""The profiles of somebody who never made one [settings/profiles.toml]."""


@dataclass(frozen=True)
class PrefectSettings:
    """The sources of settings, strongest first: what each is called, and its values by path (`api.url`)."""

    sources: tuple[tuple[str, Mapping[str, Any]], ...]
    missing_profile: str | None = None
    """The profile that was asked for and does not exist. Prefect goes on without it."""

    def get(self, path: str) -> Any:
        """The value of a setting by its path, e.g. `api.url`; None where no source has it."""
        return next((values[path] for _, values in self.sources if path in values), None)

    def source(self, path: str) -> str:
        """The source that `get` takes the value from."""
        return next((name for name, values in self.sources if path in values), "the defaults")


def read_settings(environ: Mapping[str, str], home: Path, directory: Path) -> PrefectSettings:
    """Read every source. `home` is the user's home directory. Raises ReaderError for a file that cannot be read."""
    dotenv = _read_dotenv(directory / ".env")
    prefect_toml = _read_toml(directory / "prefect.toml")
    place = directory / "pyproject.toml"
    pyproject = _table(_table(_read_toml(place), "tool", place), "prefect", place)
    configured = [
        dotenv.get("PREFECT_PROFILES_PATH"),
        prefect_toml.get("profiles_path"),
        pyproject.get("profiles_path"),
    ]
    profiles = _Profiles.read(environ, home, directory, next((str(path) for path in configured if path), None))
    return PrefectSettings(
        sources=(
            ("the environment", _by_path(environ)),
            (".env", _by_path(dotenv)),
            ("prefect.toml", _flatten(prefect_toml)),
            ("pyproject.toml", _flatten(pyproject)),
            (f"the profile {profiles.active}", _by_path(profiles.values)),
        ),
        missing_profile=profiles.missing,
    )


@dataclass(frozen=True)
class _Profiles:
    """The active profile."""

    active: str
    values: Mapping[str, Any]
    missing: str | None = None

    @classmethod
    def read(cls, environ: Mapping[str, str], home: Path, directory: Path, configured: str | None) -> "_Profiles":
        """Find the profiles as Prefect does, and choose the one that PREFECT_PROFILE or the file itself names."""
        path = _profiles_path(environ, home, directory, configured)
        if path.exists():
            document = _read_toml(path)
        elif environ.get("PREFECT_HOME") or environ.get("PREFECT_PROFILES_PATH") or configured:
            document = {}
        else:
            document = {"active": "ephemeral", "profiles": DEFAULT_PROFILES}
        wanted = environ.get("PREFECT_PROFILE") or document.get("active") or "ephemeral"
        if not isinstance(wanted, str):
            raise ReaderError(f"{path}: `active` is no name", "write the name of a profile")
        profiles = _table(document, "profiles", path)
        missing = wanted if wanted not in profiles and environ.get("PREFECT_PROFILE") else None
        return cls(wanted, _table(profiles, wanted, path), missing)


def _profiles_path(environ: Mapping[str, str], home: Path, directory: Path, configured: str | None) -> Path:
    """Relative paths start at the working directory."""
    if given := environ.get("PREFECT_PROFILES_PATH") or configured:
        return directory / given
    if prefect_home := environ.get("PREFECT_HOME"):
        return directory / prefect_home / "profiles.toml"
    return home / ".prefect" / "profiles.toml"


def _by_path(values: Mapping[str, Any]) -> Mapping[str, Any]:
    """Turn PREFECT_API_URL into `api.url`, for the settings that this package reads."""
    upper = {name.upper(): value for name, value in values.items() if value is not None}
    return {path: upper[name] for name, path in _PATHS.items() if name in upper}


def _flatten(table: Mapping[str, Any]) -> Mapping[str, Any]:
    """Turn the tables of prefect.toml into paths."""
    found = {}
    for path in _PATHS.values():
        section, name = path.split(".")
        values = table.get(section)
        if isinstance(values, Mapping) and name in values:
            found[path] = values[name]
    return found


_PATHS = {
    f"PREFECT_{path.replace('.', '_').upper()}": path
    for path in (
        "api.url",
        "api.key",
        "api.auth_string",
        "api.tls_insecure_skip_verify",
        "api.ssl_cert_file",
        "api.enable_http2",
        "api.request_timeout",
        "client.custom_headers",
        "client.csrf_support_enabled",
        "cloud.api_url",
    )
}


def _read_dotenv(path: Path) -> Mapping[str, str]:
    if not path.is_file():
        return {}
    from dotenv import dotenv_values  # noqa: PLC0415 - most directories have no .env

    try:
        text = StringIO(read_bounded(path, MAX_BYTES).decode())
        return {name.upper(): value for name, value in dotenv_values(stream=text).items() if value is not None}
    except (OSError, ValueError) as error:  # UnicodeDecodeError is a ValueError
        raise _unreadable(path, error) from None


def _read_toml(path: Path) -> Mapping[str, Any]:
    try:
        return tomllib.loads(read_bounded(path, MAX_BYTES).decode())
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return {}
    except RecursionError:
        raise ReaderError(f"{path} is nested too deeply", "mend the file, or remove it") from None
    except (OSError, ValueError) as error:  # TOMLDecodeError and UnicodeDecodeError are ValueErrors
        raise _unreadable(path, error) from None


def _unreadable(path: Path, error: Exception) -> ReaderError:
    return ReaderError(f"{path} cannot be read: {error}", "mend the file, or remove it")


def _table(document: Mapping[str, Any], name: str, path: Path) -> Mapping[str, Any]:
    """A table of a TOML file; an empty one where it is not there."""
    table = document.get(name, {})
    if not isinstance(table, Mapping):
        raise ReaderError(f"{path}: `{name}` is no table", "correct the file")
    return table


def as_flag(settings: PrefectSettings, path: str, default: bool) -> bool:
    """Read a setting that is true or false, in the spellings that pydantic knows."""
    value = settings.get(path)
    if value is None or isinstance(value, bool):
        return default if value is None else value
    word = str(value).strip().lower()
    if word in {"1", "true", "t", "yes", "y", "on"}:
        return True
    if word in {"0", "false", "f", "no", "n", "off"}:
        return False
    raise _wrong(settings, path, "is neither true nor false")


def as_seconds(settings: PrefectSettings, path: str, default: float) -> float:
    """Read a setting that is a number of seconds."""
    value = settings.get(path)
    if value is None:
        return default
    try:
        return float(value)
    except (TypeError, ValueError):
        raise _wrong(settings, path, "is no number") from None


def as_mapping(settings: PrefectSettings, path: str) -> Mapping[str, str]:
    """Read a setting that is a mapping of text to text, or JSON of one."""
    value = settings.get(path)
    if value is None:
        return {}
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            raise _wrong(settings, path, "is no JSON") from None
    if not isinstance(value, Mapping) or not all(isinstance(item, str) for item in value.values()):
        raise _wrong(settings, path, "is no JSON object of strings")
    return value


def _wrong(settings: PrefectSettings, path: str, what: str) -> ReaderError:
    """Name the setting and where it stands, never its value: it may be a secret."""
    name = next(name for name, known in _PATHS.items() if known == path)
    return ReaderError(f"{name} {what}", f"correct it in {settings.source(path)}")
