from pfa_gitops.model.errors import Problem
from pfa_gitops.model.places import Address, Origin
from pfa_gitops.views.problems import problems_json, show_problems

LATE = Problem("unknown field `x`", "did you mean `y`?", Origin("b.yaml", 10, 3), Address("Pool", "a"))
EARLY = Problem("Pool/a is declared twice", "rename one", Origin("b.yaml", 9, 12), Address("Pool", "a"))
FIRST = Problem("the file is not UTF-8", "", Origin("a.yaml", 1, 1))
NOWHERE = Problem("no server answers", "start it")


def test_problems_are_shown_by_place_and_counted():
    assert show_problems([NOWHERE, LATE, EARLY, FIRST, LATE], colour=False) == (
        "a.yaml:1:1: the file is not UTF-8\n"
        "b.yaml:9:12: Pool/a is declared twice\n"
        "    rename one\n"
        "b.yaml:10:3: Pool/a: unknown field `x`\n"
        "    did you mean `y`?\n"
        "no server answers\n"
        "    start it\n"
        "4 problems in 2 files"
    )


def test_what_would_move_the_cursor_is_escaped():
    shown = show_problems([Problem("no field \x1b[2J\0é", "take out \u2028")], colour=False)
    assert shown == "no field \\x1b[2J\\x00é\n    take out \\u2028\n1 problem"


def test_one_problem():
    assert show_problems([NOWHERE], colour=False) == "no server answers\n    start it\n1 problem"


def test_colour_changes_no_word():
    coloured = show_problems([LATE], colour=True)
    assert coloured.startswith("\x1b[1mb.yaml:10:3:\x1b[0m")
    for code in ("\x1b[0m", "\x1b[1m", "\x1b[2m", "\x1b[31m"):
        coloured = coloured.replace(code, "")
    assert coloured == show_problems([LATE], colour=False)


def test_problems_as_json_each_once_by_place():
    assert problems_json([NOWHERE, LATE, NOWHERE, LATE]) == [
        {
            "file": "b.yaml",
            "line": 10,
            "column": 3,
            "address": "Pool/a",
            "message": "unknown field `x`",
            "mend": "did you mean `y`?",
        },
        {
            "file": None,
            "line": None,
            "column": None,
            "address": None,
            "message": "no server answers",
            "mend": "start it",
        },
    ]
