"""The Prefect block types `anyscale-job` and `ray-job`: saved once, referred to by deployments, read at run time.

An `anyscale-job` with an entrypoint is also a job by itself, which a flow triggers.
"""

from prefect.blocks.abstract import JobBlock
from prefect.blocks.core import Block
from pydantic import HttpUrl

from pfa_gitops.runner.in_a_flow.both_ways import both_ways
from pfa_gitops.runner.in_a_flow.run import AnyscaleJobRun
from pfa_gitops.runner.in_a_flow.trigger import trigger
from pfa_gitops.runner.in_a_flow.values import JobResult
from pfa_gitops.runner.infra import ANYSCALE_JOB, RAY_JOB, AnyscaleJobInfra, RayJobInfra


class AnyscaleJob(AnyscaleJobInfra, JobBlock[JobResult]):
    """How a flow run becomes an Anyscale job. The worker of type `anyscale` reads it for each run.

    With an `entrypoint` it is also a job that a flow triggers: `AnyscaleJob.load("train").trigger()`.
    """

    _block_type_name = "Anyscale Job"
    _block_type_slug = ANYSCALE_JOB
    _description = "How a flow run becomes an Anyscale job. The worker of type `anyscale` reads it for each run."
    _documentation_url = HttpUrl("https://docs.anyscale.com/platform/jobs/")

    @both_ways
    async def trigger(self) -> AnyscaleJobRun:
        """Submit the job, and return it as an AnyscaleJobRun. Called from plain code, awaited in async code.

        It is submitted once, under a name of its own that begins with `name`. It is ended when the flow run that this
        is called in fails, crashes, is cancelled or times out, waited for or not. Raises JobNotSubmitted.
        """
        return await trigger(self, self.logger)


class RayJob(RayJobInfra, Block):
    """How a flow run becomes a job on the Ray cluster that the worker runs on."""

    _block_type_name = "Ray Job"
    _block_type_slug = RAY_JOB
    _description = "How a flow run becomes a job on the Ray cluster that the worker runs on."
    _documentation_url = HttpUrl("https://docs.ray.io/en/latest/cluster/running-applications/job-submission/index.html")
