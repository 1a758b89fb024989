from flows.prices import update_prices
from prefect.deployments import Deployment
from prefect.filesystems import S3
from prefect_anyscale import AnyscaleJob

infra = AnyscaleJob(cluster_env="prefect-test-environment")
infra.save("test-infra")

Deployment.build_from_flow(
    flow=update_prices,
    name="weekly-prices",
    work_queue_name="test",
    storage=S3.load("test-storage"),
    infrastructure=AnyscaleJob.load("test-infra"),
    infra_overrides={"compute_config": "test-compute-config"},
    parameters={"days": 7},
).apply()
