"""One worker for the tests of this folder. It has an API key of its own, and says where the jobs find theirs."""

import json
from collections.abc import Iterator

import pytest
from support.anyscale_emulator import AnyscaleEmulator
from support.prefect_server import PrefectServer
from support.prefect_worker import Workplace

WORKERS_KEY = "pnu_the-workers-own-key"
JOBS_KEY = "pnu_the-key-in-the-jobs-store"


@pytest.fixture(scope="session")
def workplace(
    prefect_server: PrefectServer, emulator: AnyscaleEmulator, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Workplace]:
    folder = tmp_path_factory.mktemp("runner")
    secret = folder / "key"
    secret.write_text(JOBS_KEY)
    place = Workplace(prefect_server, emulator, folder, "runner")
    job_home = {"PREFECT_HOME": str(folder / "job-home"), "DO_NOT_TRACK": "1"}
    place.block("anyscale-job", "runner-infra", {"env": {**job_home, "COLOUR": "red"}, "max_retries": 0})
    place.start_worker(
        {
            "PREFECT_API_KEY": WORKERS_KEY,
            "PFA_GITOPS_PREFECT_API_KEY_SOURCE": json.dumps({"from_file": str(secret)}),
        }
    )
    yield place
    place.stop_worker()
