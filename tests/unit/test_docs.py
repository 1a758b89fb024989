import importlib.util
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_manifest_reference_is_what_the_models_say():
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs" / "generate.py")
    assert spec
    assert spec.loader
    generate = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(generate)
    stale = [name for name, text in generate.pages().items() if (generate.FOLDER / name).read_text() != text]
    assert stale == [], "run `make generate`"
