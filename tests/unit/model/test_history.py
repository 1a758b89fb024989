import pytest

from pfa_gitops.model.history import KEPT, Applied, Source, begun, ended, from_json, remembered, to_json
from pfa_gitops.model.inventory import DigestKey, Inventory
from pfa_gitops.model.inventory import from_json as inventory_from_json
from pfa_gitops.model.inventory import to_json as inventory_to_json
from pfa_gitops.model.places import Address
from pfa_gitops.model.secrets import Sealed
from pfa_gitops.model.values import Action, Change, Outcome, Owner, Result

SOURCE = Source("2026-01-01T00:00:00+00:00", "ana", "apply", "1a2b3c", dirty=True, url="https://ci.example/1")
KEY = DigestKey(Sealed("key"))


def change(action: Action, name: str, adopts: bool = False) -> Change:
    return Change(Address("Variable", name), action, adopts=adopts)


def test_what_an_apply_is_to_do_is_counted_and_the_first_of_it_named():
    made = [change(Action.CREATE, f"v{number}") for number in range(25)]
    applied = begun(SOURCE, [*made, change(Action.NONE, "same"), change(Action.NONE, "taken", adopts=True)])
    assert applied.counts == {"create": 25, "adopt": 1}
    assert applied.changes[0] == "create Variable/v0"
    assert len(applied.changes) == 20
    assert applied.result == "unfinished"


@pytest.mark.parametrize(
    ("results", "result"),
    [
        ([], "complete"),
        ([Result.DONE, Result.DONE], "complete"),
        ([Result.DONE, Result.FAILED], "incomplete"),
        ([Result.SKIPPED], "incomplete"),
    ],
)
def test_how_it_ended(results, result):
    outcomes = [Outcome(change(Action.CREATE, "v"), one) for one in results]
    assert ended(begun(SOURCE, ()), outcomes).result == result


def test_the_last_20_are_kept():
    past: tuple[Applied, ...] = ()
    for number in range(KEPT + 5):
        past = remembered(past, Applied(Source(str(number), "ana", "apply")))
    assert [applied.source.at for applied in past] == [str(number) for number in range(5, 25)]


def test_it_is_kept_in_the_inventory_and_one_without_it_is_read():
    applied = ended(begun(SOURCE, [change(Action.DELETE, "v")]), [Outcome(change(Action.DELETE, "v"), Result.FAILED)])
    assert from_json(to_json(applied)) == applied
    inventory = Inventory(Owner("p", "e"), KEY, 3, history=(applied,))
    document = inventory_to_json(inventory)
    assert inventory_from_json(document, KEY) == inventory
    del document["history"]
    assert inventory_from_json(document, KEY).history == ()
