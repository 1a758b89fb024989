"""What the docs show is what there is."""

import importlib.util
import re
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


def test_the_readme_shows_the_quickstarts_flow_as_it_is():
    [snippet] = re.findall(r"```python\n# flows/count\.py\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    assert snippet in (ROOT / "examples" / "quickstart" / "flows" / "count.py").read_text()
