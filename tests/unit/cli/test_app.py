"""The last resort: a defect of ours is told in one line, without a traceback."""

import pytest

from pfa_gitops.cli import app


def test_a_defect_is_told_by_its_type_and_place_and_exits_with_1(monkeypatch, capsys):
    monkeypatch.setitem(app.COMMANDS, "hunter2", "a command without a file: its import fails")
    with pytest.raises(SystemExit) as ended:
        app.main(["hunter2"])
    assert ended.value.code == 1
    first, *rest = capsys.readouterr().err.splitlines()
    assert first.startswith("a defect of pfa-gitops: ModuleNotFoundError at pfa_gitops/cli/app.py:")
    assert rest == ["    please report it", "1 problem"]
