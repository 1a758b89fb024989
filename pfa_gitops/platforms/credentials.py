"""The environment variables that hold credentials, which may not stand in clear where others read. Pure."""

PREFECT_CREDENTIALS = frozenset({"PREFECT_API_KEY", "PREFECT_API_AUTH_STRING", "PREFECT_CLIENT_CUSTOM_HEADERS"})
"""Custom headers are what a proxy before Prefect asks for: under any name they may hold a token."""
ANYSCALE_TOKEN = "ANYSCALE_CLI_TOKEN"  # noqa: S105 - the variable's name
