"""The child that compiles policies and evaluates them. It imports nothing of ours, and reads standard input only.

It is started by its path. The input is one JSON document: `policies` (expressions), `seconds`, `bytes`, and to evaluate
them `changes`, `plan` and `environment`. Standard output gets a JSON document a line for each policy, once it is known:

    {"error": text}    it does not compile; the text is CEL's
    {"hits": [index, ...], "failures": [[index, text], ...]}
                       of which changes it is true, and of which nobody can tell; the index is null for the plan
"""

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from cel_expr_python import cel

DYN = cel.Type.DYN
PLAN_ONLY = {"plan": DYN, "environment": cel.Type.STRING}
BOOL, ERROR = "BOOL", "ERROR"
LOST = "it cannot be evaluated"


def limit(seconds: int, size: int) -> None:
    """Have the system end this process once it uses more. Windows has no such limits: the parent's clock ends it."""
    try:
        import resource  # noqa: PLC0415 - POSIX only
    except ImportError:
        return
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":  # elsewhere what is only reserved counts, and that is more than anybody has
        resource.setrlimit(resource.RLIMIT_AS, (size, size))


class Program:
    """A policy that compiled. One that names `change` is held against each change, any other against the plan."""

    def __init__(self, expression: str) -> None:
        try:
            self.compiled, self.per_change = cel.NewEnv(variables=PLAN_ONLY).compile(expression), False
        except RuntimeError:
            environment = cel.NewEnv(variables={**PLAN_ONLY, "change": DYN})
            self.compiled, self.per_change = environment.compile(expression), True
        self.names_plan = self.per_change and _needs_plan(expression)
        if (given := self.compiled.return_type().name()) not in {BOOL, "DYN"}:
            raise RuntimeError(f"it gives {given}, and must give true or false")

    def holds(self, values: Mapping[str, Any]) -> bool | str:
        """Whether it is true of these values; a text says why nobody can tell."""
        try:
            found = self.compiled.eval(data=values)
            kind = found.type().name()
            if kind == BOOL:
                return bool(found.value())
            return str(found.value()) if kind == ERROR else f"it gives {kind}, and must give true or false"
        except (RuntimeError, ValueError, TypeError) as error:
            return str(error) or LOST


def _needs_plan(expression: str) -> bool:
    """A plan is dear to hand over, so that it is only where it is named."""
    try:
        cel.NewEnv(variables={"change": DYN, "environment": cel.Type.STRING}).compile(expression)
    except RuntimeError:
        return True
    return False


def judged(program: Program, document: Mapping[str, Any]) -> dict[str, Any]:
    """What one policy says of the plan."""
    hits: list[int | None] = []
    failures: list[list[Any]] = []
    for index, values in _cases(program, document):
        found = program.holds(values)
        if found is True:
            hits.append(index)
        elif found is not False:
            failures.append([index, found])
    return {"hits": hits, "failures": failures}


def _cases(program: Program, document: Mapping[str, Any]) -> Iterator[tuple[int | None, dict[str, Any]]]:
    """What a policy is evaluated with."""
    shared = {"environment": document["environment"]}
    if not program.per_change:
        yield None, {**shared, "plan": document["plan"]}
        return
    shared |= {"plan": document["plan"]} if program.names_plan else {}
    for index, change in enumerate(document["changes"]):
        yield index, {**shared, "change": change}


def main() -> None:
    """Answer the one document."""
    document = json.load(sys.stdin)
    limit(document["seconds"], document["bytes"])
    expressions: Sequence[str] = document["policies"]
    for expression in expressions:
        try:
            program = Program(expression)
            answer = judged(program, document) if "plan" in document else {"hits": [], "failures": []}
        except RuntimeError as error:
            answer = {"error": str(error)}
        print(json.dumps(answer), flush=True)  # noqa: T201 - its parent reads it


if __name__ == "__main__":
    main()
