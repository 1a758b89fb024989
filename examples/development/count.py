"""Counts on a Ray cluster. In an Anyscale workspace this is the workspace's own; elsewhere Ray starts one here."""

from prefect import flow, task
from prefect.futures import wait
from prefect_ray import RayTaskRunner


@task(log_prints=True)
def shout(number: int) -> None:
    print(f"#{number}")


@flow(task_runner=RayTaskRunner, log_prints=True)
def count_to(highest_number: int) -> None:
    wait([shout.submit(number) for number in range(highest_number)])
    print(f"counted to {highest_number}")


if __name__ == "__main__":
    count_to(10)
