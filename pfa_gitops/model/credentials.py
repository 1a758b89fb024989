"""The environment variables that hold credentials, which may not stand in clear where others read. Pure."""

PREFECT_CREDENTIALS = frozenset({"PREFECT_API_KEY", "PREFECT_API_AUTH_STRING", "PREFECT_CLIENT_CUSTOM_HEADERS"})
"""Custom headers are what a proxy before Prefect asks for: under any name they may hold a token."""
ANYSCALE_TOKEN = "ANYSCALE_CLI_TOKEN"  # noqa: S105 - the variable's name
_AWS = frozenset({"AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"})
_GITHUB = frozenset({"GITHUB_TOKEN", "GH_TOKEN", "ACTIONS_RUNTIME_TOKEN", "ACTIONS_ID_TOKEN_REQUEST_TOKEN"})
_GITLAB = frozenset({"CI_JOB_TOKEN", "CI_REGISTRY_PASSWORD", "CI_DEPLOY_PASSWORD"})
_AZURE_PIPELINES = frozenset({"SYSTEM_ACCESSTOKEN"})
CREDENTIALS = frozenset({*PREFECT_CREDENTIALS, ANYSCALE_TOKEN, *_AWS, *_GITHUB, *_GITLAB, *_AZURE_PIPELINES})
"""What this tool and its CI log in with."""
