# A flow that runs Anyscale jobs as some of its steps. `python flow.py` runs it here; a deployment works just as well.
from pathlib import Path

from prefect import flow, task

from pfa_gitops import AnyscaleJob

HERE = Path(__file__).parent


@task
def train(learning_rate: float, epochs: int = 3) -> str:
    job = AnyscaleJob(
        name=f"train-{learning_rate}",
        entrypoint=f"python train.py {epochs}",
        working_dir=str(HERE),
        env={"LEARNING_RATE": str(learning_rate)},
        tags={"team": "ml"},
    )
    run = job.trigger()
    run.wait_for_completion(timeout=3600)  # the job's log is in this task's log meanwhile
    return run.fetch_result().job_id


@flow
def compare(learning_rates: tuple[float, ...] = (0.1, 0.01)) -> list[str]:
    futures = [train.submit(rate) for rate in learning_rates]
    return [future.result() for future in futures]


if __name__ == "__main__":
    print("jobs:", *compare())
