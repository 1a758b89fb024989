"""The child that compiles policies and evaluates them. It imports nothing of ours, and reads standard input only.

It is started by its path. The input is one JSON document: `policies` (expressions), `seconds`, `bytes`, and to evaluate
them `changes`, `plan` and `environment`. Standard output gets a JSON document a line for each policy, once it is known:

    {"error": text}    it does not compile; the text is CEL's
    {"hits": [index, ...], "failures": [[index, text], ...]}
                       of which changes it is true, and of which nobody can tell; the index is null for the plan
"""

import json
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from cel_expr_python import cel

DYN, STRING = cel.Type.DYN, cel.Type.STRING
WHOLE = cel.NewEnv(variables={"change": DYN, "plan": DYN, "environment": STRING})
WITHOUT_CHANGE = cel.NewEnv(variables={"plan": DYN, "environment": STRING})
WITHOUT_PLAN = cel.NewEnv(variables={"change": DYN, "environment": STRING})
BOOL, ERROR = "BOOL", "ERROR"
LOST = "it cannot be evaluated"


def limit(seconds: int, size: int) -> None:
    """Have the system end this process once it uses more. Windows has no such limits: the parent's clock ends it."""
    try:
        import resource  # noqa: PLC0415 - POSIX only
    except ImportError:
        return

    def lower(which: int, soft: int, hard: int) -> None:
        """What the system allows may be less already, and cannot be raised."""
        allowed = resource.getrlimit(which)[1]
        soft, hard = (one if allowed == resource.RLIM_INFINITY else min(one, allowed) for one in (soft, hard))
        resource.setrlimit(which, (soft, hard))

    lower(resource.RLIMIT_CPU, seconds, seconds + 1)  # the first one says why it ends, SIGXCPU, the second just ends
    lower(resource.RLIMIT_CORE, 0, 0)
    if sys.platform == "linux":  # elsewhere what is only reserved counts, and that is more than anybody has
        lower(resource.RLIMIT_AS, size, size)


class Program:
    """A policy that compiled. One that names `change` is held against each change, any other against the plan."""

    def __init__(self, expression: str) -> None:
        self.compiled = WHOLE.compile(expression)
        if (given := self.compiled.return_type().name()) not in {BOOL, "DYN"}:
            raise RuntimeError(f"it gives {given}, and must give true or false")
        self.names_change = not _compiles(WITHOUT_CHANGE, expression)
        self.names_plan = not _compiles(WITHOUT_PLAN, expression)

    def holds(self, case: Any) -> bool | str:
        """Whether it is true of a case; a text says why nobody can tell."""
        try:
            found = self.compiled.eval(activation=case)
            kind = found.type().name()
            if kind == BOOL:
                return bool(found.value())
            return str(found.value()) if kind == ERROR else f"it gives {kind}, and must give true or false"
        except (RuntimeError, ValueError, TypeError) as error:
            return str(error) or LOST


def _compiles(environment: Any, expression: str) -> bool:
    """Whether an expression names nothing that this environment lacks."""
    try:
        environment.compile(expression)
    except RuntimeError:
        return False
    return True


class Cases:
    """What policies are evaluated with. CEL keeps what it made of a value, so that each is handed over once.

    Not so a plan to a policy that names a change besides: there is no way to hand over only the change anew.
    """

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._shared = {"environment": document["environment"]}
        self._plan, self._changes = document["plan"], document["changes"]
        self._whole = WHOLE.Activation({**self._shared, "plan": self._plan})
        self._bare = [WHOLE.Activation({**self._shared, "change": change}) for change in self._changes]

    def of(self, program: Program) -> Iterator[tuple[int | None, Any]]:
        """The cases of one policy, by the change's index; null for the plan."""
        if not program.names_change:
            yield None, self._whole
        elif not program.names_plan:
            yield from enumerate(self._bare)
        else:
            for index, change in enumerate(self._changes):
                yield index, WHOLE.Activation({**self._shared, "plan": self._plan, "change": change})


def judged(program: Program, cases: Cases) -> dict[str, Any]:
    """What one policy says of the plan."""
    hits: list[int | None] = []
    failures: list[list[Any]] = []
    for index, case in cases.of(program):
        found = program.holds(case)
        if found is True:
            hits.append(index)
        elif found is not False:
            failures.append([index, found])
    return {"hits": hits, "failures": failures}


def main() -> None:
    """Answer the one document."""
    document = json.load(sys.stdin)
    limit(document["seconds"], document["bytes"])
    cases = Cases(document) if "plan" in document else None
    for expression in document["policies"]:
        try:
            program = Program(expression)
            answer = judged(program, cases) if cases else {"hits": [], "failures": []}
        except RuntimeError as error:
            answer = {"error": str(error)}
        print(json.dumps(answer), flush=True)  # noqa: T201 - its parent reads it


if __name__ == "__main__":
    main()
