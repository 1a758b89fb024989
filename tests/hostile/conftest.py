"""The process whose children run the commands."""

import pytest
from support.nursery import nursery


@pytest.fixture(scope="session")
def children():
    with nursery() as running:
        yield running
