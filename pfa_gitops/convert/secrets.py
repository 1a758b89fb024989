"""Tells which environment variables look like secrets. Pure."""

import re

WORDS = re.compile(
    r"(?:^|_)(?:API_?KEY|ACCESS_KEY|SECRET_KEY|PRIVATE_KEY|ROLE_KEY|SECRET|TOKEN|PASS|PASSWORD|PASSWD|PWD|CREDENTIALS?|"
    r"AUTH_STRING|CUSTOM_HEADERS|CONNECTION_STRING|DSN)$|^PGPASSWORD$",
    re.IGNORECASE,
)
LOGIN = re.compile(r"(?<=://)[^/\s:@{}]*:[^/\s:@{}]+@")
"""A URL with a password in it."""


def looks_secret(name: str, value: object = "") -> bool:
    """Whether a variable's name, or a login in its value, says that it holds a secret."""
    return bool(WORDS.search(name)) or (isinstance(value, str) and bool(LOGIN.search(value)))
