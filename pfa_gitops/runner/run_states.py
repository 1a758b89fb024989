"""Moves a run on in Prefect, and says whether the move was taken. The only writer of states and claims.

Each move is offered to Prefect's rules, never forced. They let no ended run crash, so that of several workers one is
taken. They would schedule an ended run again: who schedules one takes it back before. A second Cancelled is kept out by
its transition's id, which is the same from every worker and is told to each as taken.
"""

import asyncio
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from uuid import NAMESPACE_URL, UUID, uuid4, uuid5

import httpx
from prefect.client.schemas import OrchestrationResult
from prefect.client.schemas.responses import SetStateStatus
from prefect.states import Cancelled, Crashed, Pending, Scheduled, to_state_create

from pfa_gitops.runner.claims import BEAT, Claim

if TYPE_CHECKING:
    from prefect.client.orchestration import PrefectClient
    from prefect.client.schemas.objects import State

TAKEN_BACK = ("TakenBack", "TakenBackAgain")


class RunStates:
    """Writes to one Prefect, one write at a time: a server on SQLite stalls under parallel ones.

    Raises what its client raises.
    """

    def __init__(self, client: "PrefectClient") -> None:
        self._client = client
        self._turn = asyncio.Lock()
        self.ahead_s = 0.0
        """How far Prefect's clock is ahead of ours."""

    async def crash(self, run_id: UUID, why: str) -> bool:
        """Propose Crashed. False where the run has ended already."""
        return await self._offer(run_id, Crashed(message=why))

    async def cancel(self, run_id: UUID, why: str) -> bool:
        """Propose Cancelled."""
        return await self._offer(run_id, Cancelled(message=why), uuid5(NAMESPACE_URL, f"pfa-gitops/cancel/{run_id}"))

    async def take_back(self, run_id: UUID, state_name: str) -> bool:
        """Take a Pending run from whoever picked it up. True for one of several that try at the same time.

        Prefect lets a Pending run move to Pending under another name only. So of those that saw the same name and
        propose the same next one, the first succeeds.
        """
        name = TAKEN_BACK[state_name == TAKEN_BACK[0]]
        state: State[Any] = Pending(name=name, message="Its worker is gone; it goes back to the queue.")
        return await self._offer(run_id, state)

    async def schedule(self, run_id: UUID, why: str, after_s: float = 0.0) -> bool:
        """Give a run that was taken back to its queue."""
        when = datetime.now(UTC) + timedelta(seconds=after_s + self.ahead_s)
        return await self._offer(run_id, Scheduled(scheduled_time=when, message=why))

    async def claim(self, run_id: UUID, claim: Claim) -> None:
        """Write down who is responsible."""
        async with self._turn:
            await self._client.update_flow_run_labels(run_id, dict(claim.labels()))

    async def beat(self, run_id: UUID, beat: int) -> None:
        """Show that a claim is held. Only this label, as the claim may be another worker's by now."""
        async with self._turn:
            await self._client.update_flow_run_labels(run_id, {BEAT: beat})

    async def submitted(self, run_id: UUID, job_id: str) -> None:
        """Write down the job's id where Prefect and its UI look for it."""
        async with self._turn:
            await self._client.update_flow_run(run_id, infrastructure_pid=job_id)

    async def _offer(self, run_id: UUID, state: "State[Any]", transition: UUID | None = None) -> bool:
        """Through the client's `request`, as `set_flow_run_state` puts a transition's id of its own into the state."""
        own = transition or uuid4()
        body = to_state_create(state)
        body.state_details.flow_run_id = run_id
        body.state_details.transition_id = own
        try:
            async with self._turn:
                answer = await self._client.request(
                    "POST",
                    "/flow_runs/{id}/set_state",
                    path_params={"id": run_id},
                    json={"state": body.model_dump(mode="json", serialize_as_any=True), "force": False},
                )
        except httpx.HTTPStatusError as error:
            if error.response.status_code == HTTPStatus.NOT_FOUND:
                return False
            raise
        told: OrchestrationResult[Any] = OrchestrationResult.model_validate(answer.json())
        if told.status is SetStateStatus.REJECT:  # also what a move is answered whose first answer was lost
            return told.state is not None and told.state.state_details.transition_id == own
        return told.status is SetStateStatus.ACCEPT
