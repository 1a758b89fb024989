from prefect import flow


@flow
def update_prices(days: int = 1) -> None:
    """Fetch the prices of the last days."""
