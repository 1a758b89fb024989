"""The Prefect block types `anyscale-job` and `ray-job`: saved once, referred to by deployments, read at run time."""

from prefect.blocks.core import Block
from pydantic import HttpUrl

from pfa_gitops.runner.infra import ANYSCALE_JOB, RAY_JOB, AnyscaleJobInfra, RayJobInfra


class AnyscaleJob(AnyscaleJobInfra, Block):
    """How a flow run becomes an Anyscale job. The worker of type `anyscale` reads it for each run."""

    _block_type_name = "Anyscale Job"
    _block_type_slug = ANYSCALE_JOB
    _description = "How a flow run becomes an Anyscale job. The worker of type `anyscale` reads it for each run."
    _documentation_url = HttpUrl("https://docs.anyscale.com/platform/jobs/")


class RayJob(RayJobInfra, Block):
    """How a flow run becomes a job on the Ray cluster that the worker runs on."""

    _block_type_name = "Ray Job"
    _block_type_slug = RAY_JOB
    _description = "How a flow run becomes a job on the Ray cluster that the worker runs on."
    _documentation_url = HttpUrl("https://docs.ray.io/en/latest/cluster/running-applications/job-submission/index.html")
