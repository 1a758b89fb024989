"""Names that say that a secret stands below them, e.g. `DB_PASSWORD`. Pure."""

import re

_SECRET = re.compile(
    r"(?:^|[^a-z])(?:password|passwd|passphrase|pwd|token|credentials?|(?:api|access|secret|private|account)[_\-. ]?key"
    r"|client[_\-. ]?secret)$"
)
_HUMPS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def names_secret(name: str) -> bool:
    """Whether a field or variable of this name holds a secret by all appearance: its last words decide."""
    return _SECRET.search(_HUMPS.sub("_", name).lower()) is not None
