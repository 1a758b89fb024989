"""The servers that tests share. Each is real, and starts when the first test asks for it."""

import os
import signal
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.anyscale_emulator import AnyscaleEmulator
from support.prefect_server import PrefectServer, run_prefect_server, template_path
from support.properties import register_profiles

pytest.register_assert_rewrite("support.kind_cases", "support.live_project")  # so that its failures say what differed


def pytest_configure(config: pytest.Config) -> None:
    """Choose the shared emulator's address now: whoever imports the SDK first fixes its host for the whole process.

    Tests send SIGINT to themselves and to their children. A shell ignores it in what it puts into the background.
    """
    cached = config.pluginmanager.has_plugin("cacheprovider")
    register_profiles(config.cache.mkdir("hypothesis") if cached else Path(tempfile.gettempdir()) / "hypothesis")
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        os.environ["ANYSCALE_HOST"] = f"http://127.0.0.1:{probe.getsockname()[1]}"


@pytest.fixture(scope="session")
def prefect_template(pytestconfig: pytest.Config):
    """Where a migrated Prefect database is kept from one test run to the next."""
    return template_path(pytestconfig.cache.mkdir("prefect-server"))


@pytest.fixture(scope="session")
def prefect_server(tmp_path_factory: pytest.TempPathFactory, prefect_template) -> Iterator[PrefectServer]:
    """A Prefect server without authorization, for the whole session: tests name their objects apart."""
    with run_prefect_server(tmp_path_factory.mktemp("prefect"), prefect_template) as server:
        yield server


@pytest.fixture(scope="session")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AnyscaleEmulator]:
    """One local Anyscale for the whole session: tests name their objects apart and clear the faults they set."""
    running = AnyscaleEmulator(tmp_path_factory.mktemp("anyscale") / "data")
    running.url = os.environ["ANYSCALE_HOST"]
    running.start()
    yield running
    running.stop()


@pytest.fixture(scope="module")
def quiet_emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AnyscaleEmulator]:
    """An emulator that only pretends that services run."""
    running = AnyscaleEmulator(tmp_path_factory.mktemp("quiet") / "data", "--no-run-services").start()
    yield running
    running.stop()
