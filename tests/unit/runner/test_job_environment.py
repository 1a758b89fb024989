"""No secret in clear in a job's environment, and nothing of the worker's own."""

import json

import pytest

from pfa_gitops.model.errors import ReaderError
from pfa_gitops.platforms.anyscale._agent_arguments import SECRET_ENV
from pfa_gitops.runner.job_environment import job_environment, sealed_environment

SOURCE = {"PFA_GITOPS_PREFECT_API_KEY_SOURCE": '{"from_aws_secret": {"id": "key", "region": "us-west-2"}}'}
REFERENCE = {"from_aws_secret": {"id": "key", "region": "us-west-2"}}


def references(environment):
    return json.loads(environment[SECRET_ENV])


def test_the_workers_own_settings_stay_and_what_a_block_sets_goes():
    complete = {
        "PREFECT_API_URL": "http://prefect",
        "PREFECT_HOME": "/home/worker",
        "PREFECT_PROFILES_PATH": "/home/worker/profiles.toml",
        "PREFECT_WORKER_QUERY_SECONDS": "1",
        "PREFECT_API_DATABASE_CONNECTION_URL": "sqlite:///worker.db",
        "PREFECT_SERVER_DATABASE_PASSWORD": "pw",
        "PREFECT_API_SSL_CERT_FILE": "/worker/cert",
        "PREFECT_LOGGING_LEVEL": "DEBUG",
        "PREFECT__FLOW_RUN_ID": "1",
        "PREFECT_RESULTS_LOCAL_STORAGE_PATH": "/job/results",
    }
    own = {"PREFECT_RESULTS_LOCAL_STORAGE_PATH": "/job/results"}
    kept = {"PREFECT_API_URL", "PREFECT_LOGGING_LEVEL", "PREFECT__FLOW_RUN_ID", "PREFECT_RESULTS_LOCAL_STORAGE_PATH"}
    assert set(job_environment(own, complete)) == kept


def test_the_workers_key_travels_as_the_reference_that_the_worker_was_given():
    sealed = sealed_environment({"PREFECT_API_KEY": "pnu_clear", "A": "1"}, SOURCE)
    assert sealed["A"] == "1"
    assert references(sealed) == {"PREFECT_API_KEY": REFERENCE}
    assert "pnu_clear" not in json.dumps(sealed)


def test_a_key_without_a_source_is_refused_with_the_way_to_mend_it():
    with pytest.raises(ReaderError, match="PREFECT_API_KEY") as caught:
        sealed_environment({"PREFECT_API_KEY": "pnu_clear"}, {})
    assert "PFA_GITOPS_PREFECT_API_KEY_SOURCE" in caught.value.mend
    assert "pnu_clear" not in caught.value.message + caught.value.mend


def test_a_reference_in_the_block_needs_no_source():
    sealed = sealed_environment({"PREFECT_API_KEY": {"from_env": "K"}, "DB": {"from_file": "/s"}}, {})
    assert references(sealed) == {"DB": {"from_file": "/s"}, "PREFECT_API_KEY": {"from_env": "K"}}
    assert set(sealed) == {SECRET_ENV}


def test_a_source_that_is_no_reference_is_a_problem():
    with pytest.raises(ReaderError, match="is no reference"):
        sealed_environment({"PREFECT_API_KEY": "k"}, {"PFA_GITOPS_PREFECT_API_KEY_SOURCE": "pnu_key"})


def test_the_anyscale_token_never_goes():
    assert sealed_environment({"ANYSCALE_CLI_TOKEN": "aph0_x"}, {}) == {}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PREFECT_CLIENT_CUSTOM_HEADERS", '{"X-Access": "Bearer abc"}'),
        ("PREFECT_API_URL", "https://user:hunter2@prefect/api"),
        ("PIP_INDEX_URL", "https://hunter2@pypi.example/simple"),
        ("DATABASE", "postgresql+asyncpg://:hunter2@db/x"),
    ],
)
def test_headers_and_urls_with_credentials_are_secrets(name, value):
    with pytest.raises(ReaderError, match=name) as caught:
        sealed_environment({name: value}, {})
    assert "hunter2" not in caught.value.message + caught.value.mend
    assert references(sealed_environment({name: value}, {f"PFA_GITOPS_{name}_SOURCE": '{"from_env": "K"}'})) == {
        name: {"from_env": "K"}
    }


@pytest.mark.parametrize(
    "value", ["https://host:4200/api?at=a@b", "s3://bucket/a:b@c", "git@host:a/b", "ssh://git@host/a", "a@b.example"]
)
def test_other_texts_with_an_at_sign_go(value):
    assert sealed_environment({"A": value}, {}) == {"A": value}
