"""Where the Anyscale credentials come from."""

import json

import pytest

from pfa_gitops.model.errors import ReaderError
from pfa_gitops.model.secrets import Sealed
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


@pytest.mark.parametrize("token", ["aph0_token\n", "aph0_tökén"])
def test_a_token_that_no_header_can_carry_is_told_and_not_shown(tmp_path, token):
    with pytest.raises(ReaderError, match="a character that no header can carry") as caught:
        AnyscaleTarget.from_environment({"ANYSCALE_CLI_TOKEN": token}, tmp_path)
    assert "aph0" not in f"{caught.value} {caught.value.mend}"


def test_a_token_goes_to_its_own_host_only(tmp_path):
    environ = {"ANYSCALE_CLI_TOKEN": "aph0_mine", "ANYSCALE_HOST": "https://mine.test/"}
    assert AnyscaleTarget.from_environment(environ, tmp_path, host="https://mine.test").host == "https://mine.test"
    with pytest.raises(ReaderError, match=r"for https://mine\.test, and is not sent to https://other\.test"):
        AnyscaleTarget.from_environment(environ, tmp_path, host="https://other.test")
    own = AnyscaleTarget.from_environment(environ, tmp_path, host="https://other.test", token=Sealed("aph0_other"))
    assert (own.host, own.token.reveal()) == ("https://other.test", "aph0_other")


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
