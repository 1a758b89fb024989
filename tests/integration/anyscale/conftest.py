"""An emulator that only pretends that services run."""

from collections.abc import Iterator

import pytest
from support.anyscale_emulator import AnyscaleEmulator


@pytest.fixture(scope="module")
def quiet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AnyscaleEmulator]:
    running = AnyscaleEmulator(tmp_path_factory.mktemp("quiet") / "data", "--no-run-services").start()
    yield running
    running.stop()
