import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

Cli = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session")
def local() -> Cli:
    """Runs `pfa-gitops local …` as people do and returns what came of it."""

    def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "pfa_gitops.cli.app", "local", *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True, timeout=400, check=False)

    return run


@pytest.fixture(scope="module")
def stack(local: Cli, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of a stack that is up, on free ports."""
    folder = tmp_path_factory.mktemp("stack") / "data"
    started = local("up", "--data-dir", folder, "--prefect-port", 0, "--anyscale-port", 0)
    try:
        assert started.returncode == 0, started.stderr
        yield folder
    finally:
        local("down", "--data-dir", folder)
