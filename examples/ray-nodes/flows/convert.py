"""Converts an amount on another node, by a rate that stands in a file beside this one."""

import ray
from prefect import flow, task
from prefect_ray import RayTaskRunner
from prefect_ray.context import remote_options


@task
def converted(amount: int) -> tuple[int, str, str]:
    from flows import rates  # noqa: PLC0415 - on the task's node: the flow's folder has come along

    return amount * rates.RATE, ray.get_runtime_context().get_node_id(), rates.__file__


@flow(task_runner=RayTaskRunner, log_prints=True)
def convert(amount: int) -> None:
    with remote_options(num_cpus=1, resources={"second_node": 1}):
        result, node, file = converted.submit(amount).result()
    print(f"{amount} is {result}, computed on node {node}")
    print(f"the flow runs on node {ray.get_runtime_context().get_node_id()}")
    print(f"the rate came from {file}")
