"""What we know of the world: the kinds, and the clients that speak to Prefect and Anyscale."""
