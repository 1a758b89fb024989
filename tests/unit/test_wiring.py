"""What the composition root hands to platforms: of a stranger's checkout no setting that leads to a login of ours."""

import asyncio

import pytest

from pfa_gitops import wiring
from pfa_gitops.model.errors import ProblemsFound
from pfa_gitops.platforms.secret_stores import APART
from pfa_gitops.wiring.connection import connect

PROJECT = "apiVersion: pfa-gitops/v1\nkind: Project\nmetadata: {name: x}\n"
VARIABLE = "apiVersion: pfa-gitops/v1\nkind: Variable\nmetadata: {name: v}\nspec: {value: 1}\n"
PROFILES = """
active = "ours"
[profiles.ours]
PREFECT_API_KEY = "hunter2"
"""


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """One that names the profiles of the machine's user, and a server of its own."""
    for name in ("PREFECT_API_URL", "PREFECT_API_KEY", "PREFECT_PROFILE", "PREFECT_HOME", "PREFECT_PROFILES_PATH"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "profiles.toml").write_text(PROFILES)
    (tmp_path / "home").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    folder = tmp_path / "checkout"
    (folder / "manifests").mkdir(parents=True)
    (folder / "pfa-gitops.yaml").write_text(PROJECT)
    (folder / "manifests" / "v.yaml").write_text(VARIABLE)
    (folder / "prefect.toml").write_text(
        f'profiles_path = "{tmp_path}/profiles.toml"\n[api]\nurl = "http://evil.example/api"\n'
    )
    monkeypatch.chdir(folder)
    return folder


async def key_of(folder):
    async with connect(wiring.workspace(folder, None)) as connection:
        return connection.clients["prefect"].target.api_key.reveal()


def test_settings_of_the_checkout_lead_a_stranger_to_no_login(checkout, monkeypatch):
    assert asyncio.run(key_of(checkout)) == "hunter2"
    monkeypatch.setenv(APART, "true")
    with pytest.raises(ProblemsFound, match="no Prefect server is configured"):
        asyncio.run(key_of(checkout))
