"""Where a run's page is, told from the job's environment; Prefect's own answer is the measure."""

import pytest

from pfa_gitops.runner.run_page import run_page

RUN = "2f0c1bfc-6b7c-4f3e-9c39-0d9a1d1ff6f1"
CLOUD = "https://api.prefect.cloud/api/accounts/a-1/workspaces/w-2"


@pytest.mark.parametrize(
    "variables",
    [
        {"PREFECT_API_URL": "http://127.0.0.1:4200/api"},
        {"PREFECT_API_URL": "https://prefect.example.com/flows/api"},
        {"PREFECT_API_URL": CLOUD},
        {"PREFECT_API_URL": "http://internal:4200/api", "PREFECT_UI_URL": "https://prefect.example.com"},
    ],
    ids=lambda variables: variables.get("PREFECT_UI_URL", variables["PREFECT_API_URL"]),
)
def test_it_is_where_prefect_itself_says(variables):
    from prefect.settings import PREFECT_API_URL, PREFECT_UI_URL, temporary_settings  # noqa: PLC0415 - takes seconds
    from prefect.utilities.urls import url_for  # noqa: PLC0415 - the same

    settings = {"PREFECT_API_URL": PREFECT_API_URL, "PREFECT_UI_URL": PREFECT_UI_URL}
    with temporary_settings(updates={settings[name]: value for name, value in variables.items()}):
        wanted = url_for("flow-run", RUN)
    assert run_page({**variables, "PREFECT__FLOW_RUN_ID": RUN}) == wanted


def test_it_holds_no_login():
    page = run_page({"PREFECT_API_URL": "https://ada:secret@prefect.example.com/api", "PREFECT__FLOW_RUN_ID": RUN})
    assert page == f"https://prefect.example.com/runs/flow-run/{RUN}"


@pytest.mark.parametrize("api", ["", "no address", "http://[", "http://host\n/api"])
def test_what_is_no_address_has_no_page(api):
    assert run_page({"PREFECT_API_URL": api, "PREFECT__FLOW_RUN_ID": RUN}) is None
    assert run_page({"PREFECT_API_URL": "http://127.0.0.1:4200/api"}) is None
