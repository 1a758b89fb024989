"""What the docs show is what there is."""

import importlib.util
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def test_the_reference_is_what_the_models_and_the_commands_say():
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


GUIDES = sorted((ROOT / "docs" / "guides").glob("*.md"))


@pytest.mark.parametrize("guide", GUIDES, ids=lambda path: path.stem)
def test_what_a_guide_shows_of_an_example_stands_in_it(guide):
    for file, snippet in re.findall(r"```\w+\n# (examples/\S+)\n(.*?)```", guide.read_text(), re.DOTALL):
        assert snippet in (ROOT / file).read_text(), file


@pytest.mark.parametrize("guide", GUIDES, ids=lambda path: path.stem)
def test_a_guides_links_lead_somewhere(guide):
    for target in re.findall(r"\]\(([^)#]+)", guide.read_text()):
        assert target.startswith("https://") or (guide.parent / target).exists(), target
