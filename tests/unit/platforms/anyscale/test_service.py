"""What a Service and a JobSchedule say offline, and how their runtime environments are told apart."""

import pytest
from pydantic import ValidationError

from pfa_gitops.model.places import Address
from pfa_gitops.model.values import Manifest
from pfa_gitops.platforms.anyscale._job_command import fetching_secrets, without_fetching
from pfa_gitops.platforms.anyscale._service_applications import told_apart
from pfa_gitops.platforms.registry import kinds

APP = {"name": "api", "import_path": "app:api"}
JOB = {"entrypoint": "true"}


def check(kind: str, spec: dict) -> list[str]:
    known = kinds()[kind]
    parsed = known.spec.model_validate(spec)
    return [problem.message for problem in known.check(Manifest(Address(kind, "a"), parsed, known.key("a", parsed)))]


def service(**fields) -> dict:
    return {"applications": [APP], **fields}


def with_runtime(runtime: object, **fields) -> dict:
    return service(applications=[APP | {"runtime_env": runtime}], **fields)


def schedule(**job) -> dict:
    return {"cron_expression": "@daily", "job_config": {**JOB, **job}}


@pytest.mark.parametrize(
    ("kind", "spec", "message"),
    [
        ("Service", service(applications=[{"name": "x"}]), "the application has no import_path"),
        (
            "Service",
            service(applications=[{"import_path": "pfa_gitops.runner.agent_service:app"}]),
            "this application is an agent's",
        ),
        ("Service", with_runtime("x"), "it must be a mapping"),
        (
            "Service",
            with_runtime({"pip": ["a"]}, requirements=["b"]),
            "the service sets requirements for each application",
        ),
        (
            "Service",
            with_runtime({"pip": "requirements.txt"}),
            "a requirements file is read for the whole service only",
        ),
        (
            "Service",
            with_runtime({"working_dir": "src"}),
            "a directory of the project is uploaded for the whole service",
        ),
        (
            "Service",
            with_runtime({"py_modules": ["src"]}),
            "a directory of the project is uploaded for the whole service",
        ),
        ("Service", with_runtime({"env_vars": {"A": "1"}}, env_vars={"A": "2"}), "the service sets A too"),
        ("Service", with_runtime({"env_vars": {"PREFECT_API_KEY": "x"}}), "PREFECT_API_KEY stands in clear"),
        ("Service", service(env_vars={"ANYSCALE_CLI_TOKEN": "x"}), "ANYSCALE_CLI_TOKEN stands in clear"),
        ("Service", service(env_vars={"PFA_GITOPS_SECRET_ENV": "x"}), "is set by pfa-gitops itself"),
        ("Service", service(compute_config={"cloud": "c"}), "the compute config's cloud c is not the service's"),
        ("JobSchedule", schedule(env_vars={"PREFECT_API_KEY": "x"}), "PREFECT_API_KEY stands in clear"),
        ("JobSchedule", schedule(compute_config={"cloud": "c"}), "the compute config's cloud c is not the job's"),
    ],
)
def test_what_is_refused(kind, spec, message):
    [found] = check(kind, spec)
    assert message in found


@pytest.mark.parametrize(
    ("kind", "spec"),
    [
        ("Service", with_runtime({"working_dir": "s3://bucket/a.zip", "env_vars": {"A": "1"}}, env_vars={"B": "2"})),
        ("Service", with_runtime({"pip": ["a"]}, requirements=[])),
        ("JobSchedule", schedule(env_vars={"PREFECT_API_KEY": {"from_env": "KEY"}})),
    ],
)
def test_what_is_right(kind, spec):
    assert check(kind, spec) == []


@pytest.mark.parametrize(
    ("kind", "spec", "message"),
    [
        ("Service", service(rollout={"in_place": True, "canary_percent": 5}), "in_place knows no canary_percent"),
        ("Service", service(applications=[]), "at least 1 item"),
        ("Service", service(grpc_options={"port": 1}), "Anyscale does not let a service set port"),
        ("Service", service(env_vars={"A": {"from_env": "A"}}), "valid string"),
        ("JobSchedule", schedule() | {"timezone": "local"}, "there is no such time zone"),
        ("JobSchedule", schedule() | {"timezone": "Europe/Berlim"}, "did you mean `Europe/Berlin`"),
        ("JobSchedule", schedule(job_queue_config={"priority": 1}), "give one of target_job_queue_name"),
    ],
)
def test_what_no_type_takes(kind, spec, message):
    with pytest.raises(ValidationError, match=message):
        kinds()[kind].spec.model_validate(spec)


def test_what_an_application_names_stays_with_it_and_all_else_is_the_services():
    runtime = {
        "env_vars": {"ROLE": "api", "LEVEL": "info"},
        "pip": ["httpx"],
        "working_dir": "s3://bucket/x.zip",
        "user_provided_working_dir": "/src",
    }
    wanted = [APP | {"runtime_env": {"env_vars": {"ROLE": "x"}, "pip": ["y"]}}, {"import_path": "b:c"}]
    live = [APP | {"runtime_env": runtime}, {"import_path": "b:c", "runtime_env": {"env_vars": {"LEVEL": "info"}}}]
    applications, shared = told_apart(live, wanted)
    assert applications == [
        APP | {"runtime_env": {"pip": ["httpx"], "env_vars": {"ROLE": "api"}}},
        {"import_path": "b:c"},
    ]
    assert shared == {
        "env_vars": {"LEVEL": "info"},
        "working_dir": "s3://bucket/x.zip",
        "user_provided_working_dir": "/src",
    }


@pytest.mark.parametrize("command", ["true", "echo 'a b' \"$X\" && ls", "python -m x -- -c 'y'", "a\nb", "'"])
def test_a_command_comes_back_from_below_ours(command):
    assert without_fetching(fetching_secrets(command)) == command
    assert without_fetching(command) == command
