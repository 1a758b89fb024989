"""How a worker ends when Prefect refuses its credentials."""

import httpx
import pytest

from pfa_gitops.runner.refused_key import EXIT_CODE, exit_code_when_refused


def answered(status: int) -> httpx.HTTPStatusError:
    request = httpx.Request("GET", "http://prefect.example.com/api")
    return httpx.HTTPStatusError("refused", request=request, response=httpx.Response(status, request=request))


@pytest.mark.parametrize(
    "error",
    [
        answered(401),
        ExceptionGroup("tasks", [answered(401)]),
        ExceptionGroup("tasks", [ValueError(), ExceptionGroup("more", [answered(401)])]),
    ],
    ids=["alone", "in a group", "deep"],
)
def test_a_401_ends_the_process_with_a_code_of_its_own(error, capsys):
    with pytest.raises(SystemExit) as ended, exit_code_when_refused():
        raise error
    assert ended.value.code == EXIT_CODE
    assert "401" in capsys.readouterr().err


@pytest.mark.parametrize("error", [answered(403), answered(500), ExceptionGroup("tasks", [ValueError()]), OSError()])
def test_all_else_goes_on_as_it_was(error):
    with pytest.raises(type(error)), exit_code_when_refused():
        raise error
