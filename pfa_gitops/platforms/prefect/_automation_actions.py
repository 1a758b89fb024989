"""The actions of an automation. Pure.

Where an action names nothing, `source: inferred` says so: what it acts upon is then read from the event.
"""

import typing
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field, model_validator

from pfa_gitops.model.values import Spec
from pfa_gitops.platforms.prefect._automation_resources import (
    AutomationName,
    BlockName,
    DeploymentName,
    PoolName,
    QueueName,
)
from pfa_gitops.platforms.prefect._automation_triggers import Seconds
from pfa_gitops.platforms.prefect._deployment_spec import FreeForm

Source = Literal["selected", "inferred"]
Text = Annotated[str, BeforeValidator(lambda value: "" if value is None else value, json_schema_input_type=str | None)]
"""Text in which Prefect's own templates may stand, e.g. `{{ flow_run.name }}`. Null is no text."""


class PlainAction(Spec):
    """An action that needs no more than its name. `declare-incident` is for Prefect Cloud only."""

    type: Literal[
        "do-nothing",
        "cancel-flow-run",
        "suspend-flow-run",
        "resume-flow-run",
        "delete-flow-run",
        "declare-incident",
    ]
    """What is done. A flow run is the one of the event."""


class ChangeFlowRunState(Spec):
    """Sets the state of the event's flow run."""

    type: Literal["change-flow-run-state"]
    """`change-flow-run-state`."""
    state: Literal[
        "SCHEDULED", "PENDING", "RUNNING", "COMPLETED", "FAILED", "CANCELLED", "CRASHED", "PAUSED", "CANCELLING"
    ]
    """The type of the state."""
    name: str | None = None
    """The state's name. Default: that of its type."""
    message: str | None = None
    """The state's message."""
    force: bool = False
    """Whether to set it though the flow run's state does not allow that."""


class TargetedAction(Spec):
    """What actions share that are told what to act upon, or infer it from the event."""

    target: ClassVar[str]
    """The field that names it."""
    source: Source = "selected"
    """`selected`: what is named here. `inferred`: what the event is about; nothing is named then."""

    @model_validator(mode="before")
    @classmethod
    def _both_ways(cls, data: Any) -> Any:
        """Say in both fields what one of them says, so that either can be told from the other side's."""
        if not isinstance(data, Mapping):
            return data
        return {"source": "selected", cls.target: None, **data}


class RunDeployment(TargetedAction):
    """Starts a run of a deployment."""

    target = "deployment"
    type: Literal["run-deployment"]
    """`run-deployment`."""
    deployment: DeploymentName | None = None
    """A Deployment of this project, or `flow name/deployment name` of another one."""
    parameters: FreeForm = Field(default_factory=dict)
    """The run's parameters, over the deployment's. Texts may be templates, e.g. `{{ event.id }}`."""
    job_variables: FreeForm = Field(default_factory=dict)
    """The run's job variables, over the deployment's."""
    schedule_after: Seconds = 0.0
    """How long to wait before the run: seconds, or text such as `10m`."""


class DeploymentAction(TargetedAction):
    """Pauses or resumes a deployment."""

    target = "deployment"
    type: Literal["pause-deployment", "resume-deployment"]
    """What is done."""
    deployment: DeploymentName | None = None
    """A Deployment of this project, or `flow name/deployment name` of another one."""


class WorkPoolAction(TargetedAction):
    """Pauses or resumes a work pool."""

    target = "work_pool"
    type: Literal["pause-work-pool", "resume-work-pool"]
    """What is done."""
    work_pool: PoolName | None = None
    """The work pool."""


class WorkQueueAction(TargetedAction):
    """Pauses or resumes a queue of a work pool."""

    target = "work_queue"
    type: Literal["pause-work-queue", "resume-work-queue"]
    """What is done."""
    work_queue: QueueName | None = None
    """The queue, e.g. `{pool: anyscale, name: urgent}`."""


class AutomationAction(TargetedAction):
    """Pauses or resumes another automation."""

    target = "automation"
    type: Literal["pause-automation", "resume-automation"]
    """What is done."""
    automation: AutomationName | None = None
    """The other automation."""


class SendNotification(Spec):
    """Sends a notification by a block, e.g. to Slack."""

    type: Literal["send-notification"]
    """`send-notification`."""
    block: BlockName
    """The notification block, as `slug/name`, e.g. `slack-webhook/alerts`."""
    subject: str = "Prefect automated notification"
    """The subject. Prefect's templates may stand in it."""
    body: str
    """The text. Prefect's templates may stand in it, e.g. `{{ flow_run.name }}`."""


class CallWebhook(Spec):
    """Calls a webhook block."""

    type: Literal["call-webhook"]
    """`call-webhook`."""
    block: BlockName
    """The webhook block, as `slug/name`, e.g. `webhook/pager`."""
    payload: Text = ""
    """What is sent. Prefect's templates may stand in it."""


Step = Annotated[
    PlainAction
    | ChangeFlowRunState
    | RunDeployment
    | DeploymentAction
    | WorkPoolAction
    | WorkQueueAction
    | AutomationAction
    | SendNotification
    | CallWebhook,
    Field(discriminator="type"),
]

STEPS: Mapping[str, type[Spec]] = {
    name: model
    for model in typing.get_args(typing.get_args(Step)[0])
    for name in typing.get_args(model.model_fields["type"].annotation)
}
"""By their type on the wire."""
