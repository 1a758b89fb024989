"""Values of a service's file as a manifest may hold them: without secrets, variables as texts. Pure."""

from dataclasses import dataclass
from typing import Any

from pfa_gitops.convert.secrets import looks_secret
from pfa_gitops.convert.templates import literal
from pfa_gitops.convert.values import Report, Sort
from pfa_gitops.convert.written import Written
from pfa_gitops.model.credentials import ANYSCALE_TOKEN, PREFECT_CREDENTIALS
from pfa_gitops.model.places import Address

VARIABLES = "env_vars"
FETCH = "have the application fetch it, e.g. from AWS Secrets Manager"


@dataclass(frozen=True)
class Values:
    """Reads the values of one service."""

    report: Report
    address: Address

    def value(self, written: Written) -> Any:
        """The value, with what looks like a secret read from the environment of who plans."""
        if isinstance(written.value, list):
            return [self.value(one) for one in written.elements()]
        if not isinstance(written.value, dict):
            return literal(written.value)
        found = {name: self._named(name, item) for name, item in written.items()}
        return {name: value for name, value in found.items() if value is not None or written.value[name] is None}

    def variables(self, written: Written) -> Any:
        """Environment variables: each is a text."""
        value = self.value(written)
        if not isinstance(value, dict):
            return value
        for name, item in value.items():
            if isinstance(item, bool | int | float):
                value[name] = str(item).lower() if isinstance(item, bool) else str(item)
                message = f"{name} is the text `{value[name]}` now, as a variable is text"
                self.report.note(Sort.CHANGED, message, "nothing to do", written.get(name).at, self.address)
        return value

    def _named(self, name: str, written: Written) -> Any:
        text = written.value
        if isinstance(text, str) and text and looks_secret(name, text):
            return self._hidden(name, text, written)
        return self.variables(written) if name == VARIABLES else self.value(written)

    def _hidden(self, name: str, secret: str, written: Written) -> str | None:
        """What takes a secret's place: nothing for credentials, which a Service may not hold in clear."""
        if name in {*PREFECT_CREDENTIALS, ANYSCALE_TOKEN}:
            message = f"{name} stands in clear, and everybody who sees the service sees it; it is not carried over"
            self.report.note(Sort.LOST, message, FETCH, written.at, self.address)
            return None
        variable = self.report.hide(name, secret)
        message = f"{name} looks like a secret that stands in clear; its text is not copied"
        mend = f"set {variable}, which the manifest reads; better {FETCH}"
        self.report.note(Sort.OPEN, message, mend, written.at, self.address)
        return f"${{{{ env.{variable} }}}}"
