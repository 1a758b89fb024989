"""What Ray's failures mean, with a stand-in for Ray's own client that fails as it does."""

import asyncio
import subprocess
import sys
from typing import Any

import pytest
import ray.exceptions
import ray.job_submission

from pfa_gitops.model.errors import Invalid, NotFound, PlatformError, Unauthorized, Unavailable, Unreachable
from pfa_gitops.runner.ray_jobs import RayJobs

TRACEBACK = 'Traceback (most recent call last):\n  File "job_agent.py", line 1\nValueError: no such field: pips\n'


def failing(monkeypatch: pytest.MonkeyPatch, failure: Exception) -> RayJobs:
    """A Ray at some address that answers everything so."""

    class Client:
        def __init__(self, address: str | None) -> None:
            pass

        def get_job_info(self, job_id: str) -> Any:
            raise failure

        def submit_job(self, **config: Any) -> str:
            raise failure

    monkeypatch.setattr(ray.job_submission, "JobSubmissionClient", Client)
    return RayJobs("http://ray.example.com:8265")


def refused(status: int, text: str = "no") -> RuntimeError:
    return RuntimeError(f"Request failed with status code {status}: {text}.")


@pytest.mark.parametrize(
    ("failure", "meaning"),
    [
        (refused(400), Invalid),
        (refused(413), Invalid),
        (refused(422), Invalid),
        (refused(404), NotFound),
        (refused(401), Unauthorized),
        (refused(403), Unauthorized),
        (refused(408), Unavailable),
        (refused(429), Unavailable),
        (refused(500, "asked with status code 400"), Unavailable),
        (RuntimeError("Ray version 1.0 is running on the cluster."), Unavailable),
        (ValueError("working_dir must be a folder"), Invalid),
        (ray.exceptions.AuthenticationError("no token"), Unauthorized),
        (ConnectionError(), Unreachable),
    ],
)
def test_a_failure_is_told_by_what_can_be_done(monkeypatch, failure: Exception, meaning: type[PlatformError]):
    with pytest.raises(PlatformError) as caught:
        asyncio.run(failing(monkeypatch, failure).state("x"))
    assert type(caught.value) is meaning


def test_a_refused_submit_is_invalid_and_quotes_the_last_line_of_rays_traceback(monkeypatch):
    class Refuses:
        def __init__(self, address: str | None) -> None:
            pass

        def get_job_info(self, job_id: str) -> Any:
            raise refused(404)

        def submit_job(self, **config: Any) -> str:
            raise refused(400, TRACEBACK)

    monkeypatch.setattr(ray.job_submission, "JobSubmissionClient", Refuses)
    with pytest.raises(Invalid) as caught:
        asyncio.run(RayJobs(None).submit({"submission_id": "x", "entrypoint": "true"}))
    assert caught.value.message.endswith("does not take it: ValueError: no such field: pips")
    assert caught.value.mend


def test_without_ray_a_worker_says_what_to_install(monkeypatch):
    for name in [name for name in sys.modules if name.partition(".")[0] == "ray"]:
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(Unreachable, match="this worker has no Ray") as caught:
        asyncio.run(RayJobs(None).session())
    assert caught.value.mend == 'install "ray[default]" where the worker runs'


def test_a_ray_that_knows_no_tokens_still_tells_its_other_failures(monkeypatch):
    monkeypatch.delattr(ray.exceptions, "AuthenticationError")
    with pytest.raises(NotFound):
        asyncio.run(failing(monkeypatch, refused(404)).state("x"))


AT_ONCE = """
import asyncio
from pfa_gitops.runner.ray_jobs import RayJobs

async def ask_all():
    asked = (RayJobs("http://127.0.0.1:9").session() for _ in range(8))
    return await asyncio.gather(*asked, return_exceptions=True)

print({f"{type(said).__name__}: {said}" for said in asyncio.run(ask_all())})
"""


def test_first_calls_at_the_same_time_all_find_ray_complete():
    """In a process that has not imported Ray yet. Nobody listens at port 9."""
    done = subprocess.run([sys.executable, "-c", AT_ONCE], check=False, capture_output=True, text=True, timeout=300)
    told = "Unreachable: Ray's job API at http://127.0.0.1:9 does not answer"
    assert done.stdout.strip() == str({told}), done.stderr
