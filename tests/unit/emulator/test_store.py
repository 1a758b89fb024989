"""Writes that belong together, when something breaks them off."""

import pytest

from pfa_gitops.emulator.seed import seed
from pfa_gitops.emulator.store import Store


class Interrupted(Store):
    """A store whose process gets a TERM while it writes down a project."""

    def insert(self, kind, doc):
        if kind == "project":
            raise SystemExit(0)
        return super().insert(kind, doc)


def test_of_writes_that_are_broken_off_none_is_kept(tmp_path):
    store = Store(tmp_path / "emulator.db")
    store.insert("job", {"id": "a", "state": "before"})
    with pytest.raises(SystemExit):
        change_and_end(store)
    with store.together():
        store.insert("job", {"id": "b"})
    assert store.find("job") == [{"id": "b"}, {"id": "a", "state": "before"}]
    store.close()


def change_and_end(store):
    with store.together():
        store.change("a", state="after")
        raise SystemExit(0)


def test_a_start_after_one_that_was_broken_off_fills_the_store(tmp_path):
    broken_off = Interrupted(tmp_path / "emulator.db")
    with pytest.raises(SystemExit):
        seed(broken_off)
    broken_off.close()
    store = Store(tmp_path / "emulator.db")
    seed(store)
    found = [len(store.find(kind)) for kind in ("user", "cloud", "project", "compute_config")]
    store.close()
    assert found == [1, 1, 1, 1]
