"""The limits that the house sets itself: docs/architecture.md names them."""

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import pfa_gitops

PACKAGE = Path(pfa_gitops.__file__).parent
FORBIDDEN_WORDS = {"utils", "helpers", "manager", "common", "core"}


def sources() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def functions() -> Iterator[tuple[str, int]]:
    for path in sources():
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno:
                yield f"{path.relative_to(PACKAGE)}:{node.name}", node.end_lineno - node.lineno + 1


def test_no_function_is_over_60_lines_and_half_are_at_most_8():
    sizes = dict(functions())
    assert {name: size for name, size in sizes.items() if size > 60} == {}
    assert median(sizes.values()) <= 8


def test_no_file_is_over_500_lines_and_half_are_at_most_150():
    sizes = {str(path.relative_to(PACKAGE)): len(path.read_text().splitlines()) for path in sources()}
    assert {name: size for name, size in sizes.items() if size > 500} == {}
    assert median(sizes.values()) <= 150


def test_no_module_is_named_for_nothing():
    assert [path for path in sources() if path.stem.strip("_") in FORBIDDEN_WORDS] == []


def test_every_module_says_what_it_is():
    assert [path for path in sources() if not ast.get_docstring(ast.parse(path.read_text()))] == []


def test_a_plan_imports_neither_prefect_nor_anyscale_nor_ray():
    program = (
        "import json, sys\n"
        "import pfa_gitops.cli.plan, pfa_gitops.cli.apply, pfa_gitops.cli.status, pfa_gitops.cli.validate\n"
        "import pfa_gitops.cli.convert, pfa_gitops.cli.export, pfa_gitops.export.export\n"
        "from pfa_gitops.platforms.registry import kinds\n"
        "assert all(name == kind.name for name, kind in kinds().items())\n"  # imports them all
        "import pfa_gitops.platforms.prefect._client, pfa_gitops.platforms.anyscale._client\n"
        "print(json.dumps([name for name in ('prefect', 'anyscale', 'ray', 'deepdiff') if name in sys.modules]))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == []


def test_a_command_that_asks_no_platform_is_spared_the_engine():
    program = (
        "import json, sys\n"
        "import pfa_gitops.cli.validate, pfa_gitops.cli.render, pfa_gitops.cli.schema\n"
        "print(json.dumps([name for name in ('pfa_gitops.engine.plan', 'httpx') if name in sys.modules]))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == []


def test_the_package_imports_prefect_only_when_it_is_asked_for_a_block():
    program = "import sys, pfa_gitops; print('prefect' in sys.modules, hasattr(pfa_gitops, 'nothing'))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]
