"""What a reader is told about settings that cannot be used, and what comes before them."""

import pytest

from pfa_gitops.model.errors import ReaderError
from pfa_gitops.model.secrets import Sealed
from pfa_gitops.platforms.prefect._target import PrefectTarget

URL = {"PREFECT_API_URL": "http://127.0.0.1:4200/api"}


def target(tmp_path, environ, **more) -> PrefectTarget:
    return PrefectTarget.from_environment(environ, tmp_path, tmp_path, **more)


@pytest.mark.parametrize(
    ("environ", "message", "mend"),
    [
        ({}, "no Prefect server is configured", "set PREFECT_API_URL"),
        ({"PREFECT_PROFILE": "gone"}, "the Prefect profile gone does not exist", "choose a profile"),
        ({"PREFECT_API_URL": "127.0.0.1:4200"}, "not an http or https address; it is from the environment", "set"),
        (URL | {"PREFECT_API_REQUEST_TIMEOUT": "soon"}, "PREFECT_API_REQUEST_TIMEOUT is no number", "environment"),
        (
            URL | {"PREFECT_API_ENABLE_HTTP2": "maybe"},
            "PREFECT_API_ENABLE_HTTP2 is neither true nor false",
            "environment",
        ),
        (URL | {"PREFECT_CLIENT_CUSTOM_HEADERS": "{s3cr3t"}, "PREFECT_CLIENT_CUSTOM_HEADERS is no JSON", "environment"),
        (URL | {"PREFECT_CLIENT_CUSTOM_HEADERS": '{"A": 1}'}, "is no JSON object of strings", "environment"),
        ({"PREFECT_API_URL": "http://localhost:abc/api"}, "not an http or https address", "set PREFECT_API_URL"),
        ({"PREFECT_API_URL": "http://localhost:99999/api"}, "not an http or https address", "set PREFECT_API_URL"),
        ({"PREFECT_API_URL": "http://[::1"}, "not an http or https address", "set PREFECT_API_URL"),
    ],
)
def test_unusable_settings_are_told_with_their_place(tmp_path, environ, message, mend):
    with pytest.raises(ReaderError) as caught:
        target(tmp_path, environ)
    assert message in caught.value.message
    assert mend in caught.value.mend
    assert caught.value.exit_code == 1
    assert "s3cr3t" not in str(caught.value)


def test_a_broken_profiles_file_is_told(tmp_path):
    (tmp_path / ".prefect").mkdir()
    (tmp_path / ".prefect" / "profiles.toml").write_text("active = [")
    with pytest.raises(ReaderError, match=r"profiles\.toml cannot be read"):
        target(tmp_path, {})


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("pyproject.toml", b"tool = 1", "pyproject.toml: `tool` is no table"),
        ("pyproject.toml", b"[tool]\nprefect = 1", "pyproject.toml: `prefect` is no table"),
        ("profiles.toml", b"profiles = 3", "profiles.toml: `profiles` is no table"),
        ("profiles.toml", b"active = 'a'\n[profiles]\na = 3", "profiles.toml: `a` is no table"),
        ("profiles.toml", b"active = ['a']", "profiles.toml: `active` is no name"),
        (".env", b"PREFECT_API_URL=\xff", ".env cannot be read"),
    ],
)
def test_a_file_that_says_nonsense_is_told(tmp_path, file, content, message):
    (tmp_path / file).write_bytes(content)
    with pytest.raises(ReaderError) as caught:
        target(tmp_path, {"PREFECT_PROFILES_PATH": "profiles.toml"})
    assert message in caught.value.message
    assert caught.value.mend


def test_what_the_project_says_comes_first(tmp_path):
    found = target(tmp_path, URL | {"PREFECT_API_KEY": "pnu_env"}, api_url="https://u:p@own/api", api_key=Sealed("own"))
    assert found.api_url == "https://u:p@own/api"
    assert found.shown_url == "https://own/api"
    assert found.api_key == Sealed("own")


def test_protected_headers_stay_prefects_own(tmp_path):
    headers = '{"user-agent": "x", "Prefect-Csrf-Token": "y", "X-Own": "z"}'
    assert target(tmp_path, URL | {"PREFECT_CLIENT_CUSTOM_HEADERS": headers}).custom_headers == {"X-Own": Sealed("z")}


def test_nothing_secret_shows(tmp_path):
    found = target(tmp_path, URL | {"PREFECT_API_KEY": "s3cr3t", "PREFECT_CLIENT_CUSTOM_HEADERS": '{"X": "s3cr3t"}'})
    assert "s3cr3t" not in repr(found)


@pytest.mark.parametrize(
    ("url", "sent"),
    [
        (None, True),
        ("http://127.0.0.1:4200/api/accounts/1/workspaces/2", True),
        ("HTTP://reader@127.0.0.1:4200/api", True),
        ("http://127.0.0.1:4300/api", False),
        ("https://127.0.0.1:4200/api", False),
    ],
)
def test_credentials_go_to_the_server_that_they_came_with(tmp_path, url, sent):
    environ = URL | {"PREFECT_API_KEY": "k", "PREFECT_CLIENT_CUSTOM_HEADERS": '{"X-Token": "t"}'}
    found = target(tmp_path, environ, api_url=url)
    assert (found.api_key, dict(found.custom_headers)) == (
        (Sealed("k"), {"X-Token": Sealed("t")}) if sent else (None, {})
    )
    assert target(tmp_path, environ, api_url=url, api_key=Sealed("own")).api_key == Sealed("own")


def test_credentials_without_a_url_go_where_the_project_says(tmp_path):
    assert target(tmp_path, {"PREFECT_API_KEY": "k"}, api_url="http://127.0.0.1:4300/api").api_key == Sealed("k")


def test_where_the_pages_of_an_object_are():
    own = PrefectTarget("http://joe:sesame@prefect.example.com:4200/api")
    assert own.console == "http://prefect.example.com:4200"
    cloud = PrefectTarget("https://api.prefect.cloud/api/accounts/a-1/workspaces/w-2", cloud=True)
    assert cloud.console == "https://app.prefect.cloud/account/a-1/workspace/w-2"
