"""What a write has made is looked up after it, since the SDK does not tell its id."""

import pytest

from pfa_gitops.model.errors import Unavailable
from pfa_gitops.platforms.anyscale._answers import Image
from pfa_gitops.platforms.anyscale._lost_replies import written

OTHERS = [Image(id="1", name="mine-too"), Image(id="2", name="not-mine")]


def test_what_was_written_is_found_by_its_whole_name():
    assert written([*OTHERS, Image(id="3", name="mine"), Image(id="4", name="mine")], "mine").id == "3"


@pytest.mark.parametrize("found", [[], OTHERS])
def test_what_is_not_listed_after_its_write_is_told(found):
    with pytest.raises(Unavailable, match="Anyscale took mine and does not list it"):
        written(found, "mine")
