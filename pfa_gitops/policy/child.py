"""Runs `judge` as a child: a stranger's expression gets so much time and memory, no environment, and no more of us.

CEL is compiled code that reads a stranger's text: whatever goes wrong with it ends the child only.
"""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

JUDGE = Path(__file__).with_name("judge.py")
CPU_SECONDS = 20
"""For all policies of a project together."""
WALL_SECONDS = 300
"""Only a machine that has no time for the child at all comes near it."""
MEMORY = 2_000_000_000
"""Bytes of address space."""


class Answers(NamedTuple):
    """What the child said of each policy, in their order."""

    told: Sequence[Mapping[str, Any]]
    unfinished: int | None = None
    """The policy during which it was ended, by index."""


def ask(expressions: Sequence[str], about: Mapping[str, Any] | None = None, cpu_seconds: int = CPU_SECONDS) -> Answers:
    """Compile the policies, and evaluate them where there is something to evaluate them with: see `judge`."""
    document = {"policies": list(expressions), "seconds": cpu_seconds, "bytes": MEMORY, **(about or {})}
    try:
        done = subprocess.run(  # noqa: S603 - our own program, and the interpreter that we run in
            [sys.executable, "-I", str(JUDGE)],
            input=json.dumps(document).encode(),
            env={},
            capture_output=True,
            timeout=WALL_SECONDS,
            check=False,
        ).stdout
    except subprocess.TimeoutExpired as late:
        done = late.stdout or b""
    # What is broken off has no line's end.
    told = [json.loads(line) for line in done.splitlines(keepends=True) if line.endswith(b"\n")]
    return Answers(told, len(told) if len(told) < len(expressions) else None)


def is_installed() -> bool:
    """Whether CEL is there: its wheels are not for every machine."""
    from importlib.util import find_spec  # noqa: PLC0415 - only a project with policies asks

    return find_spec("cel_expr_python") is not None
