"""How a defect is worded: by its type and our own innermost line, never by its text."""

import re

from pfa_gitops.model.defects import defect
from pfa_gitops.model.secrets import Sealed


def raised(raiser) -> Exception:
    try:
        raiser()
    except Exception as error:
        return error
    raise AssertionError("nothing was raised")


def test_the_place_is_our_innermost_line_and_the_text_stays_unsaid():
    told = defect(raised(lambda: Sealed("hunter2") == Sealed(2)))
    assert re.fullmatch(r"a defect of pfa-gitops: AttributeError at pfa_gitops/model/secrets\.py:\d+", told)


def test_an_error_of_others_has_no_place_of_ours():
    assert defect(raised(lambda: int("hunter2"))) == "a defect of pfa-gitops: ValueError"


def test_of_a_group_the_first_is_told():
    group = ExceptionGroup("hunter2", [KeyError("hunter2"), ValueError()])
    assert defect(group) == "a defect of pfa-gitops: KeyError"
