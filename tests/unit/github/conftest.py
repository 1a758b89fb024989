"""A stand-in for GitHub, and a connection to it."""

import pytest
from support.github import REPOSITORY, TOKEN, github_stand_in

from pfa_gitops.github.api import GitHub


@pytest.fixture
def server():
    with github_stand_in() as running:
        yield running


@pytest.fixture
def github(server):
    with GitHub(server.url, f"{server.url}/graphql", REPOSITORY, TOKEN) as connection:
        yield connection
