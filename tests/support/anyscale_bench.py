"""A workbench on an emulator, for tests that apply single manifests."""

import asyncio
from pathlib import Path
from typing import Any

from support.anyscale_emulator import AnyscaleEmulator
from support.kind_cases import Workbench

from pfa_gitops.platforms.anyscale._client import AnyscaleClient
from pfa_gitops.platforms.anyscale._target import AnyscaleTarget


def at(emulator: AnyscaleEmulator, root: Path, what: Any) -> Any:
    """Run `what` with an open client and a workbench."""

    async def scenario():
        async with AnyscaleClient(AnyscaleTarget.from_environment(emulator.env, root)) as client:
            return await what(client, Workbench({"anyscale": client}, root))

    return asyncio.run(scenario())
