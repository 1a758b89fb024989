"""Counts to a number on a Ray cluster: every number is shouted by a task of its own."""

import time

from prefect import flow, task
from prefect.futures import wait
from prefect_ray import RayTaskRunner


@task(log_prints=True)
def shout(number: int) -> None:
    time.sleep(0.5)
    print(f"#{number}")


@flow(task_runner=RayTaskRunner, log_prints=True)
def count_to(highest_number: int) -> None:
    wait([shout.submit(number) for number in range(highest_number)])
    print(f"counted to {highest_number}")


if __name__ == "__main__":
    count_to(10)
