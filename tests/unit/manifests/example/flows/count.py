from prefect import flow


@flow
def count_to(highest_number: int):
    return list(range(highest_number))
