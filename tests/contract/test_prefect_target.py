"""Our reading of Prefect's settings against Prefect's own, case by case, in one process that imports Prefect."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from pfa_gitops.model.errors import ReaderError
from pfa_gitops.platforms.prefect._exchange import API_VERSION
from pfa_gitops.platforms.prefect._target import PrefectTarget

PROFILES = """
active = "work"
[profiles.work]
PREFECT_API_URL = "http://profile.example/api"
PREFECT_API_KEY = "pnu_profile"
PREFECT_CLIENT_CUSTOM_HEADERS = '{"X-From": "profile"}'
[profiles.other]
PREFECT_API_URL = "http://other.example/api"
PREFECT_API_TLS_INSECURE_SKIP_VERIFY = "true"
[profiles.empty]
"""
PREFECT_TOML = """
[api]
url = "http://toml.example/api"
enable_http2 = true
[client.custom_headers]
X-From = "toml"
"""
PYPROJECT = """
[tool.prefect.api]
url = "http://pyproject.example/api"
request_timeout = 12.5
"""
CASES = {
    "environment": {"env": {"PREFECT_API_URL": "http://env.example/api", "PREFECT_API_KEY": "pnu_env"}},
    "environment in small letters": {"env": {"prefect_api_url": "http://env.example/api"}},
    "environment over profile": {"env": {"PREFECT_API_URL": "http://env.example/api"}, "profiles": PROFILES},
    "active profile": {"profiles": PROFILES},
    "PREFECT_PROFILE": {"env": {"PREFECT_PROFILE": "other"}, "profiles": PROFILES},
    "a profile without a URL": {"env": {"PREFECT_PROFILE": "empty"}, "profiles": PROFILES},
    "a profile that is not there": {"env": {"PREFECT_PROFILE": "absent"}, "profiles": PROFILES},
    "PREFECT_HOME": {"env": {"PREFECT_HOME": "elsewhere"}, "files": {"elsewhere/profiles.toml": PROFILES}},
    "PREFECT_HOME without profiles": {"env": {"PREFECT_HOME": "elsewhere"}, "profiles": PROFILES},
    "PREFECT_PROFILES_PATH": {"env": {"PREFECT_PROFILES_PATH": "mine.toml"}, "files": {"mine.toml": PROFILES}},
    "profiles path in prefect.toml": {"files": {"prefect.toml": 'profiles_path = "mine.toml"', "mine.toml": PROFILES}},
    "the built-in profile local": {"env": {"PREFECT_PROFILE": "local"}},
    "prefect.toml over profile": {"files": {"prefect.toml": PREFECT_TOML}, "profiles": PROFILES},
    "prefect.toml over pyproject": {"files": {"prefect.toml": PREFECT_TOML, "pyproject.toml": PYPROJECT}},
    "pyproject over profile": {"files": {"pyproject.toml": PYPROJECT}, "profiles": PROFILES},
    ".env over prefect.toml": {
        "files": {".env": "PREFECT_API_URL=http://dotenv.example/api\n", "prefect.toml": PREFECT_TOML},
    },
    ".env under the environment": {
        "env": {"PREFECT_API_URL": "http://env.example/api"},
        "files": {".env": "export PREFECT_API_URL='http://dotenv.example/api'\nPREFECT_API_AUTH_STRING=a:b\n"},
    },
    "everything": {
        "env": {
            "PREFECT_API_URL": "https://everything.example/api/",
            "PREFECT_API_AUTH_STRING": "admin:pass",
            "PREFECT_API_KEY": "pnu_x",
            "PREFECT_CLIENT_CUSTOM_HEADERS": '{"X-One": "1", "X-Two": "2"}',
            "PREFECT_API_TLS_INSECURE_SKIP_VERIFY": "1",
            "PREFECT_API_SSL_CERT_FILE": "/etc/ca.pem",
            "PREFECT_API_ENABLE_HTTP2": "yes",
            "PREFECT_API_REQUEST_TIMEOUT": "7",
            "PREFECT_CLIENT_CSRF_SUPPORT_ENABLED": "off",
        }
    },
    "Prefect Cloud": {"env": {"PREFECT_API_URL": "https://api.prefect.cloud/api/accounts/a/workspaces/b"}},
    "nothing": {},
}
INHERITED = {"SSL_CERT_FILE": "/etc/inherited.pem"}
"""Prefect takes it when it is imported, as the default of its own setting."""
ASK_PREFECT = """
import json, os, sys
from prefect.settings.models.root import Settings
from prefect.client.constants import SERVER_API_VERSION

answers = {"version": SERVER_API_VERSION}
clean = dict(os.environ)
for name, case in json.load(sys.stdin).items():
    os.environ.clear()
    os.environ.update(clean, **case["env"])
    os.chdir(case["directory"])
    settings = Settings()
    api, client = settings.api, settings.client
    answers[name] = {
        "api_url": api.url,
        "api_key": api.key.get_secret_value() if api.key else None,
        "auth_string": api.auth_string.get_secret_value() if api.auth_string else None,
        "custom_headers": client.custom_headers,
        "tls_verify": not api.tls_insecure_skip_verify,
        "ca_file": api.ssl_cert_file,
        "http2": api.enable_http2,
        "timeout_s": api.request_timeout,
        "csrf": client.csrf_support_enabled and not settings.connected_to_cloud,
    }
print(json.dumps(answers))
"""


@pytest.fixture(scope="module")
def places(tmp_path_factory):
    """A home and a working directory for each case. Prefect takes its home when it is imported: all share one."""
    home = tmp_path_factory.mktemp("home")
    found = {}
    for number, (name, case) in enumerate(CASES.items()):
        directory = tmp_path_factory.mktemp(f"case{number}")
        for path, text in case.get("files", {}).items():
            (directory / path).parent.mkdir(exist_ok=True)
            (directory / path).write_text(text)
        env = dict(case.get("env", {}))
        if "profiles" in case:
            (directory / "home").mkdir()
            (directory / "home" / "profiles.toml").write_text(case["profiles"])
            env.setdefault("PREFECT_HOME", str(directory / "home"))
        found[name] = {"env": env, "directory": str(directory)}
    return home, found


@pytest.fixture(scope="module")
def prefects_answers(places):
    home, found = places
    inherited = {name: value for name, value in os.environ.items() if "PREFECT" not in name.upper()}
    process = subprocess.run(
        [sys.executable, "-c", ASK_PREFECT],
        input=json.dumps(found),
        env=inherited
        | {"HOME": str(home), "PREFECT_SERVER_ANALYTICS_ENABLED": "false", "DO_NOT_TRACK": "1"}
        | INHERITED,
        cwd=home,
        capture_output=True,
        text=True,
        timeout=200,
        check=True,
    )
    return json.loads(process.stdout)


def read(target: PrefectTarget) -> dict[str, object]:
    return {
        "api_url": target.api_url,
        "api_key": target.api_key and target.api_key.reveal(),
        "auth_string": target.auth_string and target.auth_string.reveal(),
        "custom_headers": {name: value.reveal() for name, value in target.custom_headers.items()},
        "tls_verify": target.tls_verify,
        "ca_file": target.ca_file,
        "http2": target.http2,
        "timeout_s": target.timeout_s,
        "csrf": target.csrf,
    }


@pytest.mark.parametrize("name", CASES)
def test_settings_are_read_as_prefect_reads_them(name, places, prefects_answers):
    home, found = places
    expected = prefects_answers[name]
    environ, directory = INHERITED | found[name]["env"], Path(found[name]["directory"])
    if expected["api_url"] is None:
        with pytest.raises(ReaderError) as caught:
            PrefectTarget.from_environment(environ, home, directory)
        assert "PREFECT_API_URL" in caught.value.mend
        return
    expected["api_url"] = expected["api_url"].rstrip("/")
    assert read(PrefectTarget.from_environment(environ, home, directory)) == expected


def test_the_api_version_is_prefects(prefects_answers):
    assert prefects_answers["version"] == API_VERSION
