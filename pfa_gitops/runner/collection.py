"""What Prefect imports (entry point `prefect.collections`) to learn the worker type and the block types.

Imports neither anyscale nor ray.
"""

from pfa_gitops.runner.blocks import AnyscaleJob, RayJob
from pfa_gitops.runner.worker import AnyscaleWorker

__all__ = ["AnyscaleJob", "AnyscaleWorker", "RayJob"]
