"""Where the Anyscale credentials come from."""

import json

import pytest

from pfa_gitops.model.errors import ReaderError
from pfa_gitops.platforms.anyscale._target import AnyscaleTarget


def credentials(home, text):
    (home / ".anyscale").mkdir()
    (home / ".anyscale" / "credentials.json").write_text(text)


def test_the_environment_wins_over_the_file(tmp_path):
    credentials(tmp_path, json.dumps({"cli_token": "sss_file"}))
    environ = {"ANYSCALE_HOST": "https://anyscale.test/", "ANYSCALE_CLI_TOKEN": "aph0_env"}
    target = AnyscaleTarget.from_environment(environ, tmp_path, "cloud", "project")
    assert (target.host, target.token.reveal()) == ("https://anyscale.test", "aph0_env")
    assert (target.cloud, target.project) == ("cloud", "project")
    assert "aph0_env" not in repr(target)


def test_the_file_is_read_where_the_environment_says_nothing(tmp_path):
    credentials(tmp_path, json.dumps({"cli_token": "sss_file"}))
    target = AnyscaleTarget.from_environment({"ANYSCALE_CLI_TOKEN": ""}, tmp_path)
    assert (target.host, target.token.reveal()) == ("https://console.anyscale.com", "sss_file")


@pytest.mark.parametrize("text", ["not json", "[]", "{}"])
def test_a_broken_file_is_a_problem_with_its_place(tmp_path, text):
    credentials(tmp_path, text)
    with pytest.raises(ReaderError, match=r"credentials\.json"):
        AnyscaleTarget.from_environment({}, tmp_path)


@pytest.mark.parametrize("environ", [{}, {"ANYSCALE_CLI_TOKEN": "password"}])
def test_no_token_or_none_of_anyscales_says_how_to_get_one(tmp_path, environ):
    with pytest.raises(ReaderError) as caught:
        AnyscaleTarget.from_environment(environ, tmp_path)
    assert "ANYSCALE_CLI_TOKEN" in caught.value.mend
    assert "password" not in caught.value.message
