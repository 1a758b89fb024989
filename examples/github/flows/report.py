"""A report of the last days."""

from prefect import flow


@flow(log_prints=True)
def report(days: int = 1) -> None:
    print(f"the last {days} days")
