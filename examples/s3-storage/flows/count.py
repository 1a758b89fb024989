"""Counts in words, which a file beside it knows."""

from prefect import flow
from words import WORDS


@flow(log_prints=True)
def count_in_words(highest_number: int) -> None:
    print(f"counted to {WORDS[highest_number]}")
