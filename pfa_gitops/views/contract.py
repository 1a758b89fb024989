"""What becomes of the parameters that a deployment takes, in words and as JSON. Pure."""

from collections.abc import Sequence
from typing import Any

from pfa_gitops.model.contract import ContractChange, Hit, HitSort, ParameterChange
from pfa_gitops.views.values import printable

WORDS = {
    ParameterChange.REMOVED: "is gone",
    ParameterChange.ADDED: "is new, and may be left out",
    ParameterChange.ADDED_REQUIRED: "is new, and must be given",
    ParameterChange.REQUIRED: "must be given now",
    ParameterChange.OPTIONAL: "may be left out now",
    ParameterChange.NARROWED: "takes less",
    ParameterChange.RETYPED: "takes other values",
    ParameterChange.WIDENED: "takes more",
    ParameterChange.DEFAULT: "has another default",
    ParameterChange.DESCRIBED: "is described otherwise",
}


MUST_BE_GIVEN = frozenset({ParameterChange.ADDED_REQUIRED, ParameterChange.REQUIRED})


def in_words(change: ContractChange) -> str:
    """One sentence, e.g. `region is gone; hits schedule nightly, 3 flow runs`. It is fit for a terminal."""
    detail = f" ({printable(change.detail)})" if change.detail else ""
    detail += "; the deployment gives it" if change.kind in MUST_BE_GIVEN and not change.breaking else ""
    hits = f"; hits {', '.join(map(_hit, change.hits))}" if change.hits else ""
    return f"{printable(change.parameter)} {WORDS[change.kind]}{detail}{hits}"


def _hit(hit: Hit) -> str:
    if hit.sort is HitSort.RUN:
        return f"{hit.runs} flow run{'s' if hit.runs > 1 else ''}"
    return "the deployment's own parameters" if hit.sort is HitSort.DEPLOYMENT else f"{hit.sort} {printable(hit.name)}"


def contract_json(contract: Sequence[ContractChange]) -> list[dict[str, Any]]:
    """Return each parameter's change: parameter, kind, breaking, detail, hits."""
    return [
        {
            "parameter": change.parameter,
            "kind": change.kind.value,
            "breaking": change.breaking,
            "detail": change.detail,
            "hits": [{"sort": hit.sort.value, "name": hit.name, "runs": hit.runs} for hit in change.hits],
        }
        for change in contract
    ]
