import pytest

from pfa_gitops.engine.record import pause_after


@pytest.mark.parametrize(("took_s", "pause_s"), [(0.0, 5.0), (0.4, 5.0), (2.0, 20.0), (30.0, 60.0)])
def test_a_large_inventory_is_written_less_often_but_each_minute(took_s, pause_s):
    assert pause_after(took_s) == pause_s
