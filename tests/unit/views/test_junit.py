import xml.etree.ElementTree as ET

from hypothesis import given
from support.hostile_texts import TEXTS
from support.properties import few

from pfa_gitops.model.errors import Problem
from pfa_gitops.model.places import Address, Origin
from pfa_gitops.views.junit import junit

LATE = Problem("unknown field `x`", "did you mean `y`?", Origin("b.yaml", 10, 3), Address("Pool", "a"))
EARLY = Problem("Pool/a is declared twice", "rename one", Origin("b.yaml", 9, 12), Address("Pool", "a"))
NOWHERE = Problem("no manifests", "write one")


def test_a_test_case_per_file_and_one_failure_that_tells_all_of_it():
    text = junit(["a.yaml", "b.yaml"], [LATE, EARLY, NOWHERE], ["an override has run out"])
    assert text.startswith('<?xml version="1.0" encoding="UTF-8"?>\n<testsuites ')
    root = ET.fromstring(text)
    assert (root.get("tests"), root.get("failures")) == ("3", "2")
    one, two, three = root.iter("testcase")
    assert (one.get("name"), one.get("file"), list(one)) == ("a.yaml", "a.yaml", [])
    [failure] = two
    assert failure.get("message") == "b.yaml:9:12: Pool/a is declared twice (and 1 more)"
    assert failure.text == (
        "b.yaml:9:12: Pool/a is declared twice\n    rename one\n"
        "b.yaml:10:3: Pool/a: unknown field `x`\n    did you mean `y`?"
    )
    assert (three.get("name"), three.get("file")) == ("project", None)
    assert root.find("testsuite/system-out").text == "note: an override has run out"


def test_nothing_wrong():
    root = ET.fromstring(junit(["a.yaml"], []))
    assert (root.get("tests"), root.get("failures")) == ("1", "0")


@given(TEXTS, TEXTS)
@few(100)
def test_no_text_breaks_out(name, text):
    shown = junit([name], [Problem(text, name, Origin(text, 1, 2))], [text])
    assert {one.tag for one in ET.fromstring(shown).iter()} == {
        "testsuites",
        "testsuite",
        "testcase",
        "failure",
        "system-out",
    }
    assert all(line.isprintable() for line in shown.split("\n"))
