"""New ids and time stamps, in the form the wire uses. Reads the clock and randomness, nothing else."""

import secrets
import string
from datetime import UTC, datetime

_ALPHABET = string.ascii_lowercase + string.digits
_ID_LENGTH = 24  # long enough that an id's last 8 characters, which the SDK shows as a version's name, differ


def new_id(prefix: str) -> str:
    """A random id such as ``prj_k2…``: the prefix, an underscore, 24 characters."""
    return prefix + "_" + "".join(secrets.choice(_ALPHABET) for _ in range(_ID_LENGTH))


def now() -> str:
    """The current time in UTC, ISO 8601 with microseconds."""
    return datetime.now(UTC).isoformat()
