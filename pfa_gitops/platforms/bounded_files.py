"""Reads files that a manifest or a repository names: what is no file, or has no end, is refused. Writes nothing."""

import os
import stat
from errno import EFBIG, EINVAL
from pathlib import Path


def read_bounded(path: Path, most: int) -> bytes:
    """The content of a file of at most `most` bytes. A pipe or a device is none: it may never end.

    Raises OSError, also for what is no file, and for a larger one.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)  # a pipe nobody writes to would wait
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(EINVAL, "it is no regular file")
        content = file.read(most + 1)
    if len(content) > most:
        raise OSError(EFBIG, f"it is larger than {most // 1_000_000} MB")
    return content
