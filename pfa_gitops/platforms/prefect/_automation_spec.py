"""The spec of an Automation. Pure."""

from typing import Annotated

from pydantic import BeforeValidator, Field

from pfa_gitops.model.values import NamedSpec
from pfa_gitops.platforms.prefect._automation_actions import Step, Text
from pfa_gitops.platforms.prefect._automation_triggers import Trigger

Steps = Annotated[
    list[Step], BeforeValidator(lambda value: [] if value is None else value, json_schema_input_type=list[Step] | None)
]
Tags = Annotated[
    list[str], BeforeValidator(lambda value: [] if value is None else value, json_schema_input_type=list[str] | None)
]


class AutomationSpec(NamedSpec):
    """A Prefect automation: what it waits for, and what it does then."""

    description: Text = ""
    """What it is for."""
    enabled: bool = True
    """Whether it does anything."""
    tags: Tags = Field(default_factory=list)
    """Tags, by which the UI and the API filter."""
    trigger: Trigger
    """What it waits for."""
    actions: Steps = Field(default_factory=list)
    """What it does each time the trigger fires."""
    actions_on_trigger: Steps = Field(default_factory=list)
    """What it does when it goes into the triggered state."""
    actions_on_resolve: Steps = Field(default_factory=list)
    """What it does when it comes out of the triggered state, which only triggers with two states do."""
