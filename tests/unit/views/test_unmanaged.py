"""What is not the project's, as people and programs read it."""

from pfa_gitops.model.places import Address
from pfa_gitops.model.unmanaged import Stray, StraysReport
from pfa_gitops.model.values import Key, Owner, Touch
from pfa_gitops.views.unmanaged import show_strays, strays_json

STRAYS = (
    Stray(Key("Deployment", "etl/nightly"), "1", "http://p/1", Touch("t0"), Touch("t1", "joe"), None, "", None),
    Stray(Key("Deployment", "etl/weekly"), "2", "", None, None, Owner("p", "prod"), "", None),
    Stray(Key("WorkPool", "a\x1b[2J"), "3", "", Touch("t0", "ann"), None, None, "Prefect itself", None),
    Stray(Key("Variable", "v"), "4", "", None, None, None, "", Address("Variable", "v")),
)


def test_the_text_says_whose_each_is_and_where():
    assert show_strays(StraysReport("dev", STRAYS, ("Anyscale is not asked",))) == (
        "Environment dev\n\n"
        "note: Anyscale is not asked\n\n"
        "Deployment\n"
        "  etl/nightly  nobody's, changed t1 by joe\n"
        "      http://p/1\n"
        "  etl/weekly   project p, environment prod\n"
        "      2\n\n"
        "WorkPool\n"
        "  a\\x1b[2J  made by Prefect itself, made t0 by ann\n"
        "      3\n\n"
        "Variable\n"
        "  v  declared here, not taken over\n"
        "      4\n\n"
        "Nobody's: 2. Of other projects: 1."
    )


def test_the_document_has_everything():
    document = strays_json(StraysReport("dev", STRAYS))
    assert document["format"] == "pfa-gitops/unmanaged/v1"
    assert document["objects"][0] == {
        "kind": "Deployment",
        "name": "etl/nightly",
        "id": "1",
        "page": "http://p/1",
        "project": None,
        "environment": None,
        "made_by": None,
        "declared": None,
        "created": {"at": "t0", "by": None},
        "updated": {"at": "t1", "by": "joe"},
    }
    assert [one["project"] for one in document["objects"]] == [None, "p", None, None]
    assert document["objects"][3]["declared"] == "Variable/v"
