from pathlib import Path

import pytest

from pfa_gitops.manifests.matching import Search

FILES = ("a.yaml", "a/a.yaml", "a/a/a.yaml", "a/a/b.yaml", "a/b/a.yaml", "b/a/a.yaml", "b/b/c/a.yaml", "b/.x/a.yaml")
PATTERNS = (
    "*.yaml",
    "a/a/*.yaml",
    "*/*.yaml",
    "*/*/*.yaml",
    "*/*/*/a.yaml",
    "**/*.yaml",
    "**/**/*.yaml",
    "a/**/a.yaml",
    "**/a/**/a.yaml",
    "a/a/a.yaml",
    "[ab]/?/*",
    "x/*.yaml",
)


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_pattern_names_what_pathlib_finds(tmp_path, pattern):
    for name in FILES:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    expected = sorted(path for path in tmp_path.glob(pattern) if path.is_file())
    assert sorted(set(Search(tmp_path).files(Path(pattern)))) == expected
