"""Amounts of memory: bytes, or a number with a unit as Kubernetes writes it. Pure."""

import re
from decimal import Decimal
from typing import Any

UNITS = {
    "": 1,
    **{unit: 1000**power for power, unit in enumerate(("k", "M", "G", "T", "P"), start=1)},
    **{unit: 1024**power for power, unit in enumerate(("Ki", "Mi", "Gi", "Ti", "Pi"), start=1)},
}
LEAST = 2**20
MOST = 24 * 2**40
"""No instance type has more, says the SDK."""


def parse_memory(size: str | int) -> int:
    """The number of bytes. Raises ValueError for what is no amount of memory."""
    if isinstance(size, int):
        return size
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([A-Za-z]*)\s*", size)
    if match is None or match[2] not in UNITS:
        raise ValueError(f"{size!r} is no amount of memory: write bytes, or a unit as in 8Gi or 512Mi")
    return int(Decimal(match[1]) * UNITS[match[2]])


def memory_size(size: Any) -> Any:
    """One form for equal amounts: whole Gi, else whole Mi, else bytes. Raises ValueError."""
    if isinstance(size, bool) or not isinstance(size, str | int):
        return size
    amount = parse_memory(size)
    if amount < LEAST:
        raise ValueError(f"{size} is less than 1 MiB: was a unit left out, as in 8Gi?")
    if amount > MOST:
        raise ValueError(f"{size} is more than any instance type has (24Ti)")
    for unit in ("Gi", "Mi"):
        if amount % UNITS[unit] == 0:
            return f"{amount // UNITS[unit]}{unit}"
    return amount
