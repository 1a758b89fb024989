"""The page of each kind's objects in its platform's console."""

import pytest

from pfa_gitops.model.secrets import Sealed
from pfa_gitops.model.values import Key, Live, Spec
from pfa_gitops.platforms.anyscale._client import AnyscaleClient
from pfa_gitops.platforms.anyscale._target import AnyscaleTarget
from pfa_gitops.platforms.prefect._client import PrefectClient
from pfa_gitops.platforms.prefect._target import PrefectTarget
from pfa_gitops.platforms.registry import kinds

CLOUD = PrefectTarget("https://api.prefect.cloud/api/accounts/a/workspaces/w", cloud=True)
CLIENTS = {
    "prefect": PrefectClient(CLOUD),
    "anyscale": AnyscaleClient(AnyscaleTarget("https://console.anyscale.com", Sealed("aph0_made-up"))),
}
WORKSPACE = "https://app.prefect.cloud/account/a/workspace/w"
CONSOLE = "https://console.anyscale.com"
PAGES = {
    "Agent": f"{CONSOLE}/services/1",
    "Automation": f"{WORKSPACE}/automations/automation/1",
    "Block": f"{WORKSPACE}/blocks/block/1",
    "ComputeConfig": "",  # its page has the cloud's id in it, which nobody knows of a live one
    "ConcurrencyLimit": f"{WORKSPACE}/concurrency-limits/concurrency-limit/1",
    "Deployment": f"{WORKSPACE}/deployments/deployment/1",
    "Image": f"{CONSOLE}/v2/container-images/1",
    "InfraBlock": f"{WORKSPACE}/blocks/block/1",
    "JobSchedule": f"{CONSOLE}/scheduled-jobs/1",
    "Service": f"{CONSOLE}/services/1",
    "Variable": f"{WORKSPACE}/variables",
    "WorkPool": f"{WORKSPACE}/work-pools/work-pool/name",
    "WorkQueue": f"{WORKSPACE}/work-queues/work-queue/1",
}


@pytest.mark.parametrize("name", kinds())
def test_a_page_is_found_by_what_is_live(name):
    kind = kinds()[name]
    assert kind.page(CLIENTS[kind.platform], Live(Key(name, "name"), Spec(), "1")) == PAGES[name]
