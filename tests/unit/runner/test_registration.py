"""What Prefect learns from the package, and what importing it costs."""

import json
import subprocess
import sys
from importlib.metadata import entry_points

from pfa_gitops.runner.documents import FILE, text


def test_the_committed_documents_are_what_the_code_says():
    assert FILE.read_text() == text(), "run `python -m pfa_gitops.runner.documents`"


def test_importing_the_collection_registers_all_and_imports_neither_anyscale_nor_ray():
    program = (
        "import json, sys, warnings\n"
        "warnings.simplefilter('error')\n"
        "import pfa_gitops.runner.collection\n"
        "from prefect.blocks.core import Block\n"
        "from prefect.utilities.dispatch import lookup_type\n"
        "from prefect.workers.base import BaseWorker\n"
        "print(json.dumps({\n"
        "    'worker': lookup_type(BaseWorker, 'anyscale').__name__,\n"
        "    'blocks': [lookup_type(Block, key).__name__ for key in ('anyscale-job', 'ray-job')],\n"
        "    'vendors': [name for name in ('anyscale', 'ray', 'boto3') if name in sys.modules],\n"
        "}))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == {"worker": "AnyscaleWorker", "blocks": ["AnyscaleJob", "RayJob"], "vendors": []}


def test_prefect_finds_the_collection_by_its_entry_point():
    [entry] = [point for point in entry_points(group="prefect.collections") if point.name == "pfa_gitops"]
    assert entry.value == "pfa_gitops.runner.collection"


def test_a_jobs_first_process_does_not_import_prefect_to_fetch_a_secret():
    program = (
        "import asyncio, json, sys\n"
        "from pfa_gitops.runner.execute import fetch_into\n"
        "asyncio.run(fetch_into({'A': '1', 'PFA_GITOPS_SECRET_ENV': json.dumps({'B': {'from_env': 'A'}})}))\n"
        "print(json.dumps([name for name in ('prefect', 'anyscale', 'ray') if name in sys.modules]))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == []


def test_no_variable_of_the_template_has_a_default_that_would_look_like_an_override():
    variables = json.loads(FILE.read_text())["base_job_template"]["variables"]["properties"]
    assert {name for name, variable in variables.items() if variable.get("default") is not None} == set()
    assert {name for name, variable in variables.items() if "type" in variable or "$ref" in variable} == set()
