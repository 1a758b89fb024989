"""What a triggered job gives back: its result, and the errors. All can be pickled, as Prefect stores results."""

from dataclasses import dataclass

from prefect.exceptions import PrefectException


@dataclass(frozen=True)
class JobResult:
    """A job that succeeded."""

    job_id: str
    """Anyscale's id, prodjob_…"""
    name: str
    """The name under which it was submitted: that of the block with a suffix of its own."""
    state: str
    """Anyscale's word for its end: SUCCESS."""
    page_url: str
    """The job's page in Anyscale's console."""


class JobError(PrefectException):
    """The root of what goes wrong with a triggered job."""


class JobNotSubmitted(JobError):
    """The job was not started. The message says why and what to do."""


class JobNotFinished(JobError):
    """The job has no result yet."""


class JobTimedOut(JobError):
    """The wait took longer than its `timeout`; the job is ended."""


class JobEnded(JobError):
    """The job was ended because the flow run that triggered it is over."""


class JobFailed(JobError):
    """The job ended and did not succeed. The message has Anyscale's reason and the last lines of the log."""

    def __init__(self, message: str, job_id: str = "", state: str = "", reason: str = "", log_tail: str = "") -> None:
        super().__init__(message)
        self.job_id = job_id
        self.state = state
        self.reason = reason
        self.log_tail = log_tail
