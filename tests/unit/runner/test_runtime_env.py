"""Ray's hook that makes the current folder the working directory: what it leaves alone, and who comes after it."""

from pathlib import Path

import pytest

from pfa_gitops.runner.runtime_env import (
    HOOK,
    HOOK_ENV,
    NEXT_HOOK_ENV,
    install_hook,
    send_working_dir,
)

FORMER = """
def hook(runtime_env):
    return {**runtime_env, "env_vars": {"SEEN": runtime_env["working_dir"]}}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in (HOOK_ENV, NEXT_HOOK_ENV, "RAY_OVERRIDE_RUNTIME_ENV_DEFAULT_EXCLUDES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("given", [None, {}, {"env_vars": {"A": "1"}}, {"working_dir": None}])
def test_the_current_folder_is_the_working_directory(folder, given):
    assert send_working_dir(given) == {
        **(given or {}),
        "working_dir": str(folder),
        "excludes": [".git", ".venv", "venv", "__pycache__", ".pfa-gitops"],
    }


@pytest.mark.parametrize(
    "given",
    [
        {"working_dir": "s3://code/flows.zip", "excludes": ["*.csv"]},
        {"working_dir": "elsewhere"},
        {"image_uri": "registry.example.com/flows:1"},
        {"container": {"image": "registry.example.com/flows:1"}},
    ],
)
def test_what_the_flow_or_the_job_chose_wins(folder, given):
    assert send_working_dir(given) == given


def test_excludes_add_up_and_rays_own_variable_replaces_the_first(folder, monkeypatch):
    assert send_working_dir({"excludes": ["*.csv"]})["excludes"][-2:] == [".pfa-gitops", "*.csv"]
    monkeypatch.setenv("RAY_OVERRIDE_RUNTIME_ENV_DEFAULT_EXCLUDES", "data, ")
    assert send_working_dir({"excludes": ["*.csv"]})["excludes"] == ["data", "*.csv"]


def test_what_is_given_is_not_changed(folder):
    given = {"excludes": ["*.csv"]}
    send_working_dir(given)
    assert given == {"excludes": ["*.csv"]}


@pytest.mark.parametrize("home", [".", "below/it"])
def test_the_home_folder_and_those_above_are_not_sent(folder, home, monkeypatch, caplog):
    monkeypatch.setenv("HOME", str(folder / home))
    assert send_working_dir({}) == {}
    assert f"{folder} is not sent" in caplog.text


@pytest.mark.parametrize("place", ["/", "/tmp"])
def test_a_folder_that_everything_lies_in_is_not_sent(folder, place, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", "/tmp")
    monkeypatch.chdir(place)
    assert send_working_dir({"env_vars": {"A": "1"}}) == {"env_vars": {"A": "1"}}


def test_the_hook_that_was_there_comes_after_ours(folder, monkeypatch):
    (folder / "platforms_own.py").write_text(FORMER)
    monkeypatch.syspath_prepend(folder)
    environment = {HOOK_ENV: "platforms_own.hook"}
    install_hook(environment)
    install_hook(environment)  # a job in a job
    assert environment == {HOOK_ENV: HOOK, NEXT_HOOK_ENV: "platforms_own.hook"}
    monkeypatch.setenv(NEXT_HOOK_ENV, environment[NEXT_HOOK_ENV])
    assert send_working_dir({})["env_vars"] == {"SEEN": str(folder)}


def test_an_empty_name_asks_for_no_hook():
    environment = {HOOK_ENV: ""}
    install_hook(environment)
    assert environment == {}
