import os

from prefect import flow


@flow(log_prints=True)
def say_colour() -> None:
    print("the colour is", os.environ.get("COLOUR"), "and the level", os.environ.get("LOG_LEVEL"))
