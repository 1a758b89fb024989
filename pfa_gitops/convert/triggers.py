"""Triggers of a deployment, which become automations. They are told, and not carried over yet. Pure."""

from pfa_gitops.convert.templates import Translator
from pfa_gitops.convert.values import Made, Sort
from pfa_gitops.convert.written import Written


def convert_triggers(deployment: Written, translator: Translator) -> list[Made]:
    """The manifests that do what the triggers did: none, as there is no kind for automations yet."""
    section = deployment.get("triggers")
    if section.value and not isinstance(section.value, list):
        translator.note(Sort.LOST, "`triggers` is no list", "write each after `- `", section.at)
    for trigger in section.elements():
        message = "a trigger is an automation of its own, and is not carried over"
        mend = "make the automation in Prefect, once the deployment is there"
        translator.note(Sort.LOST, message, mend, trigger.at)
    return []
