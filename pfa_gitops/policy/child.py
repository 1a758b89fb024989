"""Runs `judge` as a child: a stranger's expression gets so much time and memory, no environment, and no more of us.

CEL is compiled code that reads a stranger's text: whatever goes wrong with it ends the child only.
"""

import json
import signal
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
SPENT = f"it takes too much time or memory: there are {CPU_SECONDS} s and {MEMORY // 10**9} GB at most"
KILLED = frozenset(-getattr(signal, name) for name in ("SIGXCPU", "SIGKILL") if hasattr(signal, name))
"""How it ends when its time is up, or the system's memory."""
OUT_OF_MEMORY = ("MemoryError", "bad_alloc")
"""What Python and C++ say then."""
LONGEST = 300
"""Characters of what the child says of its end."""


class Answers(NamedTuple):
    """What the child said of each policy, in their order."""

    told: Sequence[Mapping[str, Any]]
    unfinished: int | None = None
    """The policy during which it ended, by index."""
    why: str = ""
    """Why it ended then."""


def ask(expressions: Sequence[str], about: Mapping[str, Any] | None = None, cpu_seconds: int = CPU_SECONDS) -> Answers:
    """Compile the policies, and evaluate them where there is something to evaluate them with: see `judge`."""
    document = {"policies": list(expressions), "seconds": cpu_seconds, "bytes": MEMORY, **(about or {})}
    told, why = _told(json.dumps(document).encode())
    return Answers(told, len(told), why) if len(told) < len(expressions) else Answers(told)


def _told(document: bytes) -> tuple[list[Mapping[str, Any]], str]:
    """What the child tells, and why it tells no more."""
    try:
        done = subprocess.run(  # noqa: S603 - our own program, and the interpreter that we run in
            [sys.executable, "-I", str(JUDGE)],
            input=document,
            env={},
            capture_output=True,
            timeout=WALL_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as late:
        return _whole_lines(late.stdout or b""), SPENT
    return _whole_lines(done.stdout), _why(done.returncode, done.stderr.decode(errors="replace"))


def _whole_lines(text: bytes) -> list[Mapping[str, Any]]:
    """What is broken off has no line's end."""
    return [json.loads(line) for line in text.splitlines(keepends=True) if line.endswith(b"\n")]


def _why(code: int, said: str) -> str:
    """Why a child ended. It is a policy's fault where it used up what there is, and else the machine's."""
    last = said.strip().rpartition("\n")[2]
    if code in KILLED or any(word in said for word in OUT_OF_MEMORY):
        return SPENT
    return f"policies cannot be evaluated here: {last[:LONGEST] or f'their process ended with {code}'}"


def is_installed() -> bool:
    """Whether CEL is there: its wheels are not for every machine."""
    from importlib.util import find_spec  # noqa: PLC0415 - only a project with policies asks

    return find_spec("cel_expr_python") is not None
