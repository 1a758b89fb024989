"""What an agent makes of its arguments: the worker's environment, and where its jobs find the credentials."""

import json

from pfa_gitops.platforms.anyscale._agent_arguments import SECRET_ENV
from pfa_gitops.runner.agent_arguments import AgentArguments
from pfa_gitops.runner.job_environment import sealed_environment

REFERENCE = {"from_env": "KEPT_HERE"}


def worker_environment(prefect=None, env=None):
    arguments = AgentArguments.model_validate(
        {"work_pool": "pool", "prefect": {"api_url": "http://prefect/api", **(prefect or {})}}
    )
    return arguments.environment({"KEPT_HERE": "pnu_key", SECRET_ENV: json.dumps(env or {})})


def test_a_credential_is_fetched_and_its_jobs_are_told_where_it_is():
    for environment in (
        worker_environment(prefect={"api_key": REFERENCE}),
        worker_environment(env={"PREFECT_API_KEY": REFERENCE}),
    ):
        assert environment["PREFECT_API_KEY"] == "pnu_key"
        job = sealed_environment({"PREFECT_API_KEY": environment["PREFECT_API_KEY"]}, environment)
        assert json.loads(job[SECRET_ENV]) == {"PREFECT_API_KEY": REFERENCE}


def test_headers_for_a_proxy_are_a_credential_too():
    environment = worker_environment(env={"PREFECT_CLIENT_CUSTOM_HEADERS": REFERENCE})
    job = sealed_environment({"PREFECT_CLIENT_CUSTOM_HEADERS": "pnu_key"}, environment)
    assert json.loads(job[SECRET_ENV]) == {"PREFECT_CLIENT_CUSTOM_HEADERS": REFERENCE}
