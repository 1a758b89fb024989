"""Converts an amount on another node, by a rate that stands in a file beside this one."""

import ray
from prefect import flow, get_run_logger, task
from prefect_ray import RayTaskRunner
from prefect_ray.context import remote_options


@task
def converted(amount: int) -> tuple[int, str, str]:
    from flows import rates  # noqa: PLC0415 - on the task's node: the flow's folder has come along

    return amount * rates.RATE, ray.get_runtime_context().get_node_id(), rates.__file__


@flow(task_runner=RayTaskRunner)
def convert(amount: int) -> None:
    logger = get_run_logger()
    with remote_options(num_cpus=1, resources={"second_node": 1}):
        result, node, file = converted.submit(amount).result()
    logger.info("%s is %s, computed on node %s", amount, result, node)
    logger.info("the flow runs on node %s", ray.get_runtime_context().get_node_id())
    logger.info("the rate came from %s", file)
