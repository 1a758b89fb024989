import textwrap

import pytest

from pfa_gitops.convert.python import python_reader
from pfa_gitops.model.errors import ProblemsFound

FLOW = "from prefect import flow\n\n@flow\ndef count_to(highest_number: int = 1):\n    pass\n"
README = """\
import prefect
from prefect.filesystems import S3
from prefect_anyscale import AnyscaleJob

from prefect_test import count_to

infra = AnyscaleJob(cluster_env="prefect-test-environment")
infra.save("test-infra")
deployment = prefect.deployments.Deployment.build_from_flow(
    flow=count_to,
    name="prefect_test_custom",
    work_queue_name="test",
    storage=S3.load("test-storage"),
    infrastructure=AnyscaleJob.load("test-infra"),
    infra_overrides={"compute_config": "test-compute-config"}
)
deployment.apply()
"""


@pytest.fixture
def script(converted, tmp_path):
    (tmp_path / "prefect_test.py").write_text(FLOW)
    return lambda text: converted(textwrap.dedent(text), python_reader("anyscale"), "deploy.py")


def test_the_readmes_script(script):
    done = script(README)
    assert done.specs == {
        "InfraBlock/test-infra": {"type": "anyscale-job", "cluster_env": "prefect-test-environment"},
        "Deployment/prefect_test_custom": {
            "entrypoint": "prefect_test.py:count_to",
            "work_pool": "anyscale",
            "work_queue": "test",
            "infra_block": "test-infra",
            "infra_overrides": {"compute_config": "test-compute-config"},
            "storage": {"block": "s3-bucket/test-storage"},
        },
        "WorkPool/anyscale": {"type": "anyscale", "queues": [{"name": "test"}]},
    }
    assert done.project == {"external": ["Block/s3-bucket/test-storage", "ComputeConfig/test-compute-config"]}
    assert [line[:4] for line in done.said("open")] == ["13: ", "13: "]
    assert done.said("lost") == []


def test_nothing_of_a_script_is_run(script, tmp_path):
    done = script(f"open({str(tmp_path / 'ran')!r}, 'w')\n{README}")
    assert "Deployment/prefect_test_custom" in done.specs
    assert not (tmp_path / "ran").exists()


def test_schedules_parameters_and_a_pool(script):
    done = script("""\
    import os
    from datetime import timedelta
    from prefect.deployments import Deployment
    from prefect.server.schemas.schedules import CronSchedule, IntervalSchedule, RRuleSchedule
    from prefect_test import count_to as flow_to_run

    NAME = "nightly"
    def main():
        every = IntervalSchedule(interval=timedelta(hours=2))
        Deployment.build_from_flow(
            flow_to_run, NAME, work_pool_name="pool", parameters={"highest_number": 3}, tags=["a"],
            schedules=[CronSchedule("0 3 * * *", timezone="Europe/Berlin"), every, RRuleSchedule(rrule="FREQ=DAILY")],
            is_schedule_active=False, job_variables={"env": {"A": os.environ["A"]}}, version=os.getenv("V", "1"),
            path="/srv", skip_upload=True, description=f"run {NAME}",
        ).apply()
    """)
    assert done.specs == {
        "Deployment/nightly": {
            "entrypoint": "prefect_test.py:count_to",
            "work_pool": "pool",
            "job_variables": {"env": {"A": "${{ env.A }}"}},
            "path": "/srv",
            "parameters": {"highest_number": 3},
            "schedules": [
                {"cron": "0 3 * * *", "timezone": "Europe/Berlin"},
                {"interval": 7200},
                {"rrule": "FREQ=DAILY"},
            ],
            "tags": ["a"],
            "description": "run nightly",
            "version": "${{ env.V }}",
            "paused": True,
        }
    }
    assert done.project == {"env": ["A", "V"], "external": ["WorkPool/pool"]}


def test_blocks_that_a_script_makes_and_secrets_that_it_holds(script):
    done = script("""\
    from prefect.filesystems import S3, LocalFileSystem
    from prefect.blocks.system import Secret
    from prefect_anyscale import AnyscaleJob
    from prefect.deployments import Deployment
    from prefect_test import count_to
    S3(bucket_path="bucket/some/folder", aws_access_key_id="hunter1", aws_secret_access_key="hunter2").save("code")
    LocalFileSystem(basepath="/srv").save("here", overwrite=True)
    Secret(value="hunter4").save("db-password")
    job = AnyscaleJob(compute_config="cc:3", env={"TOKEN": "hunter3", "N": 1}, stream_output=True)
    Deployment.build_from_flow(count_to, "d", storage=S3.load("code"), infrastructure=job, work_queue_name="q")
    """)
    assert done.specs["Block/code"] == {
        "type": "s3-bucket",
        "data": {
            "bucket_name": "bucket",
            "bucket_folder": "some/folder",
            "credentials": "{{ prefect.blocks.aws-credentials.code }}",
        },
    }
    assert done.specs["Block/code-credentials"]["data"]["aws_secret_access_key"] == {
        "from_env": "AWS_SECRET_ACCESS_KEY"
    }
    assert done.specs["Block/here"] == {"type": "local-file-system", "data": {"basepath": "/srv"}}
    assert done.specs["InfraBlock/d-infra"] == {
        "type": "anyscale-job",
        "compute_config": "cc:3",
        "env": {"TOKEN": {"from_env": "TOKEN"}, "N": "1"},
    }
    assert done.specs["Deployment/d"]["infra_block"] == "d-infra"
    assert "hunter" not in repr(done.conversion)
    assert done.specs["Block/db-password"]["data"] == {"value": {"from_env": "DB_PASSWORD"}}
    assert done.said("lost") == ["9: `stream_output` is not carried over"]
    assert done.project == {"external": ["ComputeConfig/cc"]}


def test_what_is_known_only_when_it_runs_is_told(script):
    done = script("""\
    from prefect.deployments import Deployment
    from prefect.infrastructure import KubernetesJob
    from prefect_test import count_to
    Deployment.build_from_flow(count_to, "d", parameters=load(), infrastructure=KubernetesJob(image="i"), **more)
    Deployment.build_from_flow(count_to, name())
    Deployment.build_from_flow(flows()[0], "e")
    """)
    assert list(done.specs) == ["Deployment/d", "WorkPool/anyscale"]
    assert done.said("refused") == [
        "5: the deployment's name is not known without running the script",
        "6: the deployment's flow is not known without running the script",
    ]
    assert len(done.said("lost")) == 3


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("def (", "it is not valid Python"),
        ("x = 1", "neither builds a deployment nor saves a block"),
        ("\0", "it is not valid Python"),
        ("x" + ".a" * 5_000 + "()", "cannot be read as Python|nested too deep|neither builds"),
    ],
)
def test_another_script_is_refused(script, text, said):
    with pytest.raises(ProblemsFound, match=said):
        script(text)
