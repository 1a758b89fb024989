"""What is sent again, what is looked for first, and what is never sent twice."""

import asyncio
from collections.abc import Sequence

import pytest

from pfa_gitops.model.errors import Conflict, CutOff, MaybeArrived, PlatformError, Unavailable
from pfa_gitops.platforms.lost_replies import send

LOST, CUT, TAKEN = MaybeArrived("lost"), CutOff("too slow"), Conflict("the name is taken")


@pytest.mark.parametrize(
    ("answers", "found", "outcome", "sends"),
    [
        pytest.param(["id"], [], "id", 1, id="an answer"),
        pytest.param([LOST], ["id"], "id", 1, id="lost, and there"),
        pytest.param([LOST, "id"], [None], "id", 2, id="lost, and not there"),
        pytest.param([LOST, LOST, LOST], [None, None, None], LOST, 3, id="lost for ever"),
        pytest.param([LOST, TAKEN], [None, "id"], "id", 2, id="shown late"),
        pytest.param([LOST, TAKEN], [None, None], TAKEN, 2, id="taken by another"),
        pytest.param([TAKEN], [], TAKEN, 1, id="a conflict from the start"),
        pytest.param([CUT], [None], CUT, 1, id="it may still arrive"),
        pytest.param([CUT], ["id"], "id", 1, id="cut off, and there"),
        pytest.param([LOST, Unavailable("down")], [None], Unavailable, 2, id="another failure"),
    ],
)
def test_what_becomes_of_a_write(
    answers: Sequence[object], found: Sequence[str | None], outcome: object, sends: int
) -> None:
    left, looks = list(answers), list(found)

    async def write() -> object:
        answer = left.pop(0)
        if isinstance(answer, PlatformError):
            raise answer
        return answer

    async def look() -> object:
        return looks.pop(0)

    if isinstance(outcome, str):
        assert asyncio.run(send(write, look)) == outcome
    else:
        with pytest.raises(PlatformError) as raised:
            asyncio.run(send(write, look))
        assert outcome in (raised.value, type(raised.value))
    assert (len(answers) - len(left), looks) == (sends, [])
