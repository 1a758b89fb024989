"""Unit tests reach no network: whatever connects to another machine fails, and says to which."""

from pathlib import Path

import pytest

_HERE = Path(__file__).parent
_LOOPBACK = ["127.0.0.0/8", "::1"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Every test of this folder, and no other."""
    for item in items:
        if _HERE in item.path.parents:
            item.add_marker(pytest.mark.allow_hosts(_LOOPBACK))
