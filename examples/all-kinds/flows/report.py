from prefect import flow


@flow(name="nightly-report")
def report(customer: str, days: int = 7) -> None:
    print(f"{customer}: {days} days")
